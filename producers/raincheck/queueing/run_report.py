"""Why a run is where it is: what each step does, waits for, or failed of."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from typing_extensions import override

from raincheck.deployment import Deployment
from raincheck.index import Index
from raincheck.index.run_records import read_run
from raincheck.messaging.descriptions import awaited_words
from raincheck.near_names import did_you_mean
from raincheck.queueing.unknown_names import NearNames
from raincheck.queueing.unserved import unserved
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReference, Run, StepRun, StepState

_LONG_QUEUED = 10.0  # seconds
_RESOLVED_AT_ONCE = 250

#: Gives known names that are like one that is missing.
Near: TypeAlias = Callable[[MissingReference], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why a step is where it is."""

    words: str
    since: int | None = None
    """Milliseconds since the epoch, by the server's clock; likewise `until`."""
    until: int | None = None
    """When a wait ends, or a delayed start comes."""
    reference: str | None = None
    """The reference that is missing, as written."""
    near: tuple[str, ...] = ()
    """Artifacts or models with names like one that does not exist."""

    @override
    def __str__(self) -> str:
        return self.words + did_you_mean(self.near)


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run and the causes of its steps."""

    run: Run
    causes: Mapping[str, tuple[Cause, ...]]
    """By step; what has succeeded or is not reached yet has none."""

    @override
    def __str__(self) -> str:
        """A line for the run and one per cause."""
        lines = [f"run {self.run.id} of {self.run.pipeline}: {self.run.status}"]
        if self.run.reason:
            lines[0] += f" ({self.run.reason})"
        for step, causes in self.causes.items():
            lines += [f"  {step}: {cause}" for cause in causes]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "run": self.run.id,
            "pipeline": self.run.pipeline,
            "status": self.run.status,
            "reason": self.run.reason,
            "steps": [
                {
                    "step": step.step,
                    "state": step.state,
                    "attempt": step.attempt,
                    "node": step.node,
                    "causes": [asdict(cause) for cause in self.causes.get(step.step, ())],
                }
                for step in self.run.steps
            ],
        }


def report_on(
    deployment: Deployment, run_id: str, *, long_queued: float = _LONG_QUEUED
) -> RunReport:
    """The report of this moment.

    Args:
        deployment: that holds the run.
        run_id: of the run.
        long_queued: seconds that a step is queued before the workers are asked, for up to a
            second, whether one of them serves its queue.

    Raises:
        RunNotFoundError: it ended so long ago that its records are gone.
        IndexUnavailableError: the index does not answer.
    """
    stored = deployment.index.records.stored_run(run_id)
    run = with_present_misses(deployment.index, read_run(stored))
    near = NearNames(deployment.index).to
    causes = {step.step: step_causes(step, near) for step in run.steps}
    for queued in unserved(deployment, stored, run, long_queued):
        causes[queued.step] += (Cause(words=queued.words, since=queued.since),)
    return RunReport(run, {step: found for step, found in causes.items() if found})


def with_present_misses(index: Index, run: Run) -> Run:
    """A run whose waiting steps miss what they miss now.

    A record holds what was missing when the step was last looked at. A waiting step is
    looked at again when the first of its misses may have ended, not at each change.

    Args:
        index: that holds the run.
        run: as recorded.

    Returns:
        The run with the reasons of this moment.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    waiting = [step for step in run.steps if step.state is StepState.WAITING]
    missed = list(dict.fromkeys(item.reference for step in waiting for item in step.missing))
    if not waiting:
        return run
    now = _missing_now(index, missed, run.id)
    steps = tuple(
        step.model_copy(update={"missing": _still(step, now)})
        if step.state is StepState.WAITING
        else step
        for step in run.steps
    )
    return run.model_copy(update={"steps": steps})


def _missing_now(index: Index, missed: list[str], run: str) -> dict[str, MissingReference]:
    """Those that are missing now, by the reference as written."""
    found: dict[str, MissingReference] = {}
    for start in range(0, len(missed), _RESOLVED_AT_ONCE):
        written = missed[start : start + _RESOLVED_AT_ONCE]
        asked = [parse_reference(item) for item in written]
        answers = index.versions.resolve(asked, run=run).answers
        found |= {
            reference: answer
            for reference, answer in zip(written, answers, strict=True)
            if isinstance(answer, MissingReference)
        }
    return found


def _still(step: StepRun, now: Mapping[str, MissingReference]) -> tuple[MissingReference, ...]:
    return tuple(
        now[recorded.reference].model_copy(update={"deadline": recorded.deadline})
        for recorded in step.missing
        if recorded.reference in now
    )


def step_causes(step: StepRun, near: Near) -> tuple[Cause, ...]:
    """Why a step is where it is, as far as its own record says.

    Args:
        step: with the misses of this moment.
        near: known names that are like one that is missing.
    """
    match step.state:
        case StepState.WAITING:
            return _waits(step, near)
        case StepState.RUNNING:
            words = f"runs on {step.node}, attempt {step.attempt}"
            return (Cause(words=words, since=step.started_at),)
        case StepState.FAILED:
            tries = f" (attempt {step.attempt})" if step.attempt > 1 else ""
            words = f"failed: {_error(step)}{tries}" if step.error else "failed"
            losses = (Cause(words=str(loss), since=loss.at) for loss in step.losses)
            return (Cause(words=words, since=step.ended_at), *losses)
        case StepState.QUEUED:
            return (_queued(step),)
        case StepState.SKIPPED:
            return (Cause(words=f"skipped: {step.reason}" if step.reason else "skipped"),)
        case _:
            return ()


def _waits(step: StepRun, near: Near) -> tuple[Cause, ...]:
    if step.awaits is not None:
        return (Cause(words=awaited_words(step.awaits), since=step.parked_at),)
    if not step.missing:
        words = "has what it waited for and is about to start"
        return (Cause(words=words, since=step.parked_at),)
    return tuple(
        Cause(
            words=f"waits for {missing}",
            since=step.parked_at,
            until=missing.deadline,
            reference=missing.reference,
            near=near(missing),
        )
        for missing in step.missing
    )


def _queued(step: StepRun) -> Cause:
    words = step.reason or "is ready and waits for a worker"
    if step.not_before is not None and step.not_before > _now():
        words = "starts later"
    if step.attempt:
        words += f", attempt {step.attempt} failed"
        words += f": {_error(step)}" if step.error else ""
    return Cause(words=words, until=step.not_before)


def _error(step: StepRun) -> str:
    return f"{step.error.type}: {step.error.message}" if step.error else ""


def _now() -> float:
    return time.time() * 1000
