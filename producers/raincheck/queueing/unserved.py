"""Steps that are queued for long because nobody serves their queue."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from raincheck.deployment import Deployment
from raincheck.index.connection import text
from raincheck.index.run_records import StoredRun
from raincheck.messaging.served_queues import served_queues
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, StepState


@dataclass(frozen=True, slots=True)
class UnservedStep:
    """A queued step that no worker can be seen to take."""

    step: str
    since: int
    """When it was ready; milliseconds since the epoch, by the server's clock."""
    words: str


def unserved(
    deployment: Deployment, stored: StoredRun, run: Run, long_queued: float
) -> Iterator[UnservedStep]:
    """The steps of a run that are queued for long in vain.

    Args:
        deployment: whose workers are asked, for up to a second, if there is a reason to.
        stored: the run as stored; names its queue.
        run: the same as a contract.
        long_queued: seconds that a step is queued before the workers are asked.
    """
    if all(step.state is not StepState.QUEUED for step in run.steps):
        return
    spec = deployment.index.records.spec(run.id)
    latest = 1000 * (time.time() - long_queued)
    since = {step: at for step, at in _ready_since(run, spec).items() if at <= latest}
    if not since:
        return
    served = served_queues(deployment.hints.app)
    usual = text(stored.record["queue"])
    for step in spec.steps:
        if step.name in since and (words := _service(step.queue or usual, served)):
            yield UnservedStep(step.name, since[step.name], words)


def _ready_since(run: Run, spec: PipelineSpec) -> dict[str, int]:
    """When each queued step was last given a reason to start."""
    steps = {step.step: step for step in run.steps}
    since: dict[str, int] = {}
    for each in spec.steps:
        step = steps[each.name]
        if step.state is StepState.QUEUED:
            freed = [steps[name].ended_at for name in each.after]
            moments = (run.submitted_at, step.not_before, step.parked_at, *freed)
            since[each.name] = max(moment or 0 for moment in moments)
    return since


def _service(queue: str, served: Collection[str] | None) -> str:
    """What is wrong with the service of a queue; empty when nothing is."""
    if served is None:
        return "the broker does not answer"
    if not served:
        return "no worker answers; start one: raincheck worker MODULE"
    if queue not in served:
        return f"no worker that answers serves its queue {queue!r}"
    return ""
