"""`raincheck runs`: list them, show one, say why, retry, repeat or cancel one; those given up."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.nothing import print_nothing
from raincheck_workers.cli.rendering.run_table import run_table
from raincheck_workers.cli.run_choice import RunArgument, chosen_run
from raincheck_workers.cli.runs_dead import dead
from raincheck_workers.cli.runs_inputs import inputs
from raincheck_workers.cli.runs_rerun import rerun
from raincheck_workers.cli.runs_retry import retry
from raincheck_workers.cli.runs_show import show
from raincheck_workers.cli.runs_why import why

runs = typer.Typer(help="List, show, explain, retry, repeat and cancel runs.", no_args_is_help=True)


@runs.command("list")
def list_runs(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 20,
    live: Annotated[bool, typer.Option("--live", help="Only runs that have not ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List runs: those that have not ended, then the ended ones; newest first."""
    deployment = current_deployment()
    with messages().status("reading runs"):
        found = list(deployment.index.records.runs(limit, live_only=live))
    if as_json:
        print_json([run.model_dump(mode="json") for run in found])
    elif found:
        output().print(run_table(found))
    else:
        print_nothing("runs", deployment)


runs.command()(show)
runs.command()(why)
runs.command()(inputs)
runs.command()(retry)
runs.command()(rerun)
runs.command()(dead)


@runs.command()
def cancel(
    run: RunArgument,
    *,
    reason: Annotated[str, typer.Option(help="Recorded with the run.")] = "cancelled by hand",
) -> None:
    """End a run: nothing more of it starts, what runs is stopped."""
    handle = chosen_run(current_deployment(), run)
    if handle.cancel(reason):
        output().print(f"run {handle.id} is cancelled")
    else:
        output().print(f"run {handle.id} had ended already: {handle.status()}")
