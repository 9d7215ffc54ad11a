"""Runs: steps that no worker can run, that wait for what nobody published, or were given up."""

from collections.abc import Iterable, Iterator

from raincheck.deployment import Deployment
from raincheck.queueing.unknown_names import NearNames, unknown_name
from raincheck_contracts.runs import Run, StepState
from raincheck_workers.cli.missing_words import missing_words
from raincheck_workers.fitness.check import Check, ok, warning

_SEARCHED = 1_000  # of the newest live runs


def run_checks(deployment: Deployment) -> Iterator[Check]:
    """Look at the live runs.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    runs = list(deployment.index.records.runs(_SEARCHED, live_only=True))
    found = [*_given_back(runs), *_waiting(deployment, runs)]
    yield from found
    yield from _given_up(deployment)
    if not found:
        yield ok("runs", f"{len(runs)} live, none waits for an unknown artifact or step")


def _given_up(deployment: Deployment) -> Iterator[Check]:
    count = deployment.index.records.dead_count()
    if count:
        found = "1 step" if count == 1 else f"{count} steps"
        remedy = "See raincheck runs dead, then raincheck runs retry RUN"
        yield warning("dead", f"{found} given up without an error of the code", remedy)


def _given_back(runs: Iterable[Run]) -> Iterator[Check]:
    reasons = dict.fromkeys(
        step.reason
        for run in runs
        for step in run.steps
        if step.state is StepState.QUEUED and step.reason
    )
    for reason in reasons:
        yield warning("steps", reason, "The step stays queued for a worker that can run it")


def _waiting(deployment: Deployment, runs: Iterable[Run]) -> Iterator[Check]:
    waiting = {
        missing.reference: (run, missing)
        for run in runs
        for step in run.steps
        for missing in step.missing
        if step.state is StepState.WAITING and unknown_name(missing) is not None
    }
    near = NearNames(deployment.index)
    for run, missing in waiting.values():
        found = f"{run.pipeline} waits for {missing_words(near, missing)}"
        yield warning("waiting", found, f"Publish it, or end it: raincheck runs cancel {run.id}")
