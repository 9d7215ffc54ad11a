"""`raincheck waiting`: every step that waits, for an artifact or for a worker with its code."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_contracts.runs import StepRun, StepState
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.nothing import print_nothing
from raincheck_workers.cli.rendering.waiting_list import WaitingStep, waiting_list


def waiting(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Live runs looked through.")
    ] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """List the steps that wait for what they refer to, or for a worker with their code."""
    deployment = current_deployment()
    with messages().status("reading live runs"):
        runs = list(deployment.index.records.runs(limit, live_only=True))
        found = [
            WaitingStep(run.pipeline, step) for run in runs for step in run.steps if _waits(step)
        ]
    if as_json:
        print_json([step.document() for step in found])
    elif found:
        output().print(waiting_list(found))
    else:
        print_nothing("waiting steps", deployment)
    if len(runs) == limit:
        messages().print(f"Only the newest {limit} live runs were looked through; see --limit.")


def _waits(step: StepRun) -> bool:
    """Whether it is parked, or was given back by a worker that cannot run it."""
    return step.state is StepState.WAITING or (step.state is StepState.QUEUED and bool(step.reason))
