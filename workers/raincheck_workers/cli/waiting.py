"""`raincheck waiting`: every step that waits, for an artifact or for a worker with its code."""

from contextlib import suppress
from typing import Annotated

import typer

from raincheck.deployment import Deployment, current_deployment
from raincheck_contracts.errors import RunNotFoundError
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
        runs = deployment.index.records.run_ids(limit, live_only=True)
        found = [step for run in runs for step in _waiting_steps(deployment, run)]
    if as_json:
        print_json([step.document() for step in found])
    elif found:
        output().print(waiting_list(found))
    else:
        print_nothing("waiting steps", deployment)
    if len(runs) == limit:
        messages().print(f"Only the newest {limit} live runs were looked through; see --limit.")


def _waiting_steps(deployment: Deployment, run_id: str) -> list[WaitingStep]:
    with suppress(RunNotFoundError):  # it may end and expire between the two reads
        run = deployment.index.records.run(run_id)
        return [WaitingStep(run.pipeline, step) for step in run.steps if _waits(step)]
    return []


def _waits(step: StepRun) -> bool:
    """Whether it is parked, or was given back by a worker that cannot run it."""
    return step.state is StepState.WAITING or (step.state is StepState.QUEUED and bool(step.reason))
