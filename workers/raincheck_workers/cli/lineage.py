"""`raincheck lineage`: what a version came from, and what came of it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from raincheck.client.client import Client
from raincheck.lineage.walking import Direction
from raincheck_contracts.lineage import Lineage
from raincheck_workers.cli.graph.lineage_graph import lineage_graph
from raincheck_workers.cli.graph.lineage_page import lineage_page
from raincheck_workers.cli.graph.mermaid import mermaid
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.pictures import write_whole
from raincheck_workers.cli.rendering.lineage_tree import lineage_trees


class LineageFormat(StrEnum):
    """How a lineage is shown."""

    TREE = "tree"
    MERMAID = "mermaid"
    HTML = "html"


def lineage(  # noqa: PLR0913 - the ways to look at it
    reference: Annotated[
        str,
        typer.Argument(metavar="REFERENCE", help="name, name@42, name:alias, name?min=MSE."),
    ],
    *,
    up: Annotated[bool, typer.Option("--up", help="Only what it came from.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what came of it.")] = False,
    depth: Annotated[int | None, typer.Option(min=0, help="Steps to go; all by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Versions and step runs to read.")] = 1_000,
    shown_as: Annotated[
        LineageFormat, typer.Option("--format", help="How it is shown.")
    ] = LineageFormat.TREE,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a version came from and what came of it, as it was bound and made."""
    found = Client().lineage(reference, direction=_direction(up, down), depth=depth, limit=limit)
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif file is not None:
        write_whole(file, _text(found, shown_as))
        typer.echo(file)
    elif shown_as is LineageFormat.TREE:
        for tree in lineage_trees(found):
            output().print(tree)
    else:
        typer.echo(_text(found, shown_as), nl=False)
    if found.truncated:
        messages().print("there is more: see --depth and --limit")


def _direction(up: bool, down: bool) -> Direction:  # noqa: FBT001 - the two options
    if up is down:
        return "both"
    return "up" if up else "down"


def _text(found: Lineage, shown_as: LineageFormat) -> str:
    if shown_as is LineageFormat.HTML:
        return lineage_page(found)
    if shown_as is LineageFormat.MERMAID:
        return mermaid(lineage_graph(found))
    console = output()
    with console.capture() as captured:
        for tree in lineage_trees(found):
            console.print(tree)
    return captured.get()
