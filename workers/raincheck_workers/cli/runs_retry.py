"""`raincheck runs retry`: what did not succeed runs again."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.following import follow
from raincheck_workers.cli.output import messages, output
from raincheck_workers.cli.run_choice import RunArgument, chosen_run


def retry(
    run: RunArgument,
    *,
    rebind: Annotated[
        bool, typer.Option("--rebind", help="Resolve their references again, as of now.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
) -> None:
    """Run the steps of an ended run again that did not succeed.

    Steps that succeeded keep their outputs. The others have all their tries again, and
    see what they saw before, unless --rebind is given.
    """
    handle = chosen_run(current_deployment(), run)
    count = handle.retry(rebind=rebind)
    what = "1 step runs" if count == 1 else f"{count} steps run"
    output().print(f"{what} again in run {handle.id}")
    if wait:
        raise typer.Exit(follow(handle, messages(), None))
