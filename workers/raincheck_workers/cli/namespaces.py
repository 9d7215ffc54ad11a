"""`raincheck namespaces`: list them, give this one a fall-back, delete one."""

import sys
from typing import Annotated, Any

import typer

from raincheck.deployment import current_deployment
from raincheck.index.namespaces import Namespaces
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.asking import YesOption, ask
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.tables import plain_table

namespaces = typer.Typer(
    help="List the namespaces of a server, set a fall-back, delete one.", no_args_is_help=True
)


@namespaces.command("list")
def list_namespaces(*, as_json: JsonOption = False) -> None:
    """List all namespaces of the server, each with its fall-back."""
    index = current_deployment().index
    found = Namespaces(index.connection).all()
    if as_json:
        print_json([_document(item) for item in found])
        return
    table = plain_table("namespace", "falls back to", "artifacts", "live runs", "revision")
    for item in found:
        here = " (this one)" if item.name == index.namespace else ""
        numbers = (item.artifacts, item.live_runs, item.revision)
        table.add_row(f"{item.name}{here}", item.fallback or "", *map(str, numbers))
    output().print(table)


def _document(item: Any) -> dict[str, Any]:
    return {field: getattr(item, field) for field in item.__slots__}


@namespaces.command()
def fallback(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="To read from; else it is only told.")
    ] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Read from no other any more.")] = False,
) -> None:
    """Tell, or change for all processes, what this namespace reads where it has nothing.

    The setting RAINCHECK_FALLBACK_NAMESPACE must say the same, or nothing.
    """
    if name is not None and none:
        raise ArgumentError("namespaces fallback", "NAME and --none", "Give one of the two")
    overlay, here = current_deployment().index.overlay, current_deployment().index.namespace
    if name is not None or none:
        overlay.change(name)
    found = overlay.fallback()
    output().print(f"{here} falls back to {found}" if found else f"{here} has no fall-back")


@namespaces.command()
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the namespace.")],
    *,
    yes: YesOption = False,
) -> None:
    """Delete a namespace: its artifacts, runs and subscriptions. Stop its workers first.

    Blobs stay: other namespaces may have the same.
    """
    if not yes and not sys.stdin.isatty():
        problem = "without a terminal nobody can be asked"
        raise ArgumentError("namespaces delete", problem, "Give --yes")
    ask(f"Delete namespace {name} with all its artifacts and runs?", yes=yes)
    count = Namespaces(current_deployment().index.connection).delete(name)
    output().print(f"namespace {name} is deleted: {count} keys")
