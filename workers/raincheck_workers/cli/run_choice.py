"""Finding the run that a person means by the beginning of its id."""

from typing import Annotated

import typer

from raincheck.deployment import Deployment
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.errors import ArgumentError

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the beginning of it.")]

#: So many of the newest live and ended runs are looked through.
_SEARCHED = 10_000
_NAMED = 4


def chosen_run(deployment: Deployment, text: str) -> RunHandle:
    """The run whose id is `text`, or begins with it.

    Raises:
        RunNotFoundError: there is none.
        ArgumentError: there are several.
    """
    records = deployment.index.records
    ids = records.run_ids(_SEARCHED)
    found = [text] if text in ids else [run for run in ids if text and run.startswith(text)]
    if not found:
        records.stored_run(text)  # older than those searched, or RunNotFoundError
        return RunHandle(text, deployment)
    if len(found) > 1:
        some = ", ".join(found[:_NAMED])
        if len(found) > _NAMED:
            some += f" and {len(found) - _NAMED} more"
        problem = f"{len(found)} runs begin with {text!r}: {some}"
        raise ArgumentError("RUN", problem, "Give more of the id")
    return RunHandle(found[0], deployment)
