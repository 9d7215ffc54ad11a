"""`raincheck runs show`: a run as text, followed live, or as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.following import follow
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.pictures import open_page, picture, save_picture
from raincheck_workers.cli.rendering.run_page import run_page
from raincheck_workers.cli.run_choice import RunArgument, chosen_run


def show(  # noqa: PLR0913 - the ways to look at a run
    run: RunArgument,
    *,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="With the traceback of what failed.")
    ] = False,
    following: Annotated[
        bool, typer.Option("--follow", "-f", help="Until it has ended, or Ctrl-C.")
    ] = False,
    graph: Annotated[
        bool, typer.Option("--graph", help="As a Mermaid flowchart, or see --output.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The graph as .mmd, .svg, or a page .html."
        ),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="The page in the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a run: its steps, what each reference became, what was published.

    With --follow the exit code is 0 when the run succeeded, 1 when it failed or was
    cancelled, 130 after Ctrl-C (the run goes on).
    """
    _check_together(
        following=following, pictured=graph or opened or file is not None, as_json=as_json
    )
    handle = chosen_run(current_deployment(), run)
    if following:
        raise typer.Exit(follow(handle, output(), None))
    if graph or opened or file is not None:
        _picture(handle, file, opened=opened)
        return
    found = handle.run()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    spec = handle.deployment.index.records.spec(handle.id)
    output().print(run_page(found, spec, traceback=traceback))


def _check_together(*, following: bool, pictured: bool, as_json: bool) -> None:
    if following + pictured + as_json > 1:
        problem = "--follow, --json and pictures (--graph, --output, --open) exclude each other"
        raise ArgumentError("runs show", problem, "Give one of them")


def _picture(handle: RunHandle, file: Path | None, *, opened: bool) -> None:
    if file is None and not opened:
        typer.echo(picture(handle, ".mmd"), nl=False)
        return
    saved = save_picture(handle, file, opened=opened)
    messages().print(f"wrote {saved}", soft_wrap=True, markup=False)
    if opened:
        open_page(saved)
