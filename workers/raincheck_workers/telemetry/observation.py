"""What is observed while a step executes: spans, log fields and figures in one place."""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from raincheck.index.entries import NewVersion
from raincheck.index.replies import BoundVersion, Claimed, Completed
from raincheck.telemetry.tracing import annotate, mark_failed, note, span
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import ErrorInfo
from raincheck_workers.execution.outcomes import Outcome, Result
from raincheck_workers.telemetry.attempts import AttemptFacts, Telling
from raincheck_workers.telemetry.measurements import measurements, timed
from raincheck_workers.telemetry.step_fields import step_fields

if TYPE_CHECKING:
    from raincheck_workers.execution.inputs import BoundInputs

_log = logging.getLogger(__name__)

_TELLING: ContextVar[Telling] = ContextVar("raincheck_attempt")


@contextmanager
def delivery(task: StepTask) -> Generator[Callable[[Outcome], Outcome]]:
    """One delivery of a step; what is yielded takes its outcome and hands it back."""
    names = {"run": task.run, "pipeline": task.pipeline, "step": task.step.name}

    def ended(outcome: Outcome) -> Outcome:
        annotate(result=outcome.result.value)
        if outcome.result in {Result.FAILED, Result.RETRY}:
            mark_failed(outcome.detail)
        measurements().delivered(task.pipeline, task.step.name, outcome.result.value)
        return outcome

    with span(f"step {task.step.name}", "CONSUMER", **names), step_fields(**names):
        yield ended


@contextmanager
def claiming() -> Generator[None]:
    """The claim of a step, which binds its references."""
    with span("claim"), timed(measurements().bound):
        yield


@contextmanager
def attempt(task: StepTask, claimed: Claimed) -> Generator[None]:
    """An attempt of a step, from its claim to its end."""

    def ended(seconds: float) -> None:
        measurements().attempted(task.pipeline, task.step.name, seconds)

    annotate(attempt=claimed.attempt, revision=claimed.revision)
    telling = Telling(AttemptFacts(task, claimed.attempt, claimed.revision))
    token = _TELLING.set(telling)
    try:
        with step_fields(attempt=claimed.attempt), timed(ended):
            yield
    except BaseException as error:
        why = type(error).__name__
        telling.end(lambda report: report.aborted(why))
        raise
    finally:
        _TELLING.reset(token)


def bound(inputs: "BoundInputs") -> None:
    """The references of the attempt are bound; its call comes next."""
    _TELLING.get().start(inputs)


def failed(error: ErrorInfo) -> None:
    """The attempt has failed and the index knows it."""
    _TELLING.get().end(lambda report: report.failed(error))


def superseded(why: str) -> None:
    """The attempt was cancelled, or lost its step to another."""
    _TELLING.get().end(lambda report: report.aborted(why))


def not_called(outcome: Outcome) -> None:
    """The attempt has taken outputs from the cache, or has gone to wait for them."""
    if outcome.result is Result.SUCCEEDED:
        _TELLING.get().end(lambda report: report.succeeded((), outcome.outputs))
    else:
        _TELLING.get().end(lambda report: report.aborted(outcome.detail))


@contextmanager
def materialization(reference: str, bound: BoundVersion) -> Generator[None]:
    """A version becomes a value; from the process's cache, it takes no time.

    Args:
        reference: as it was written, or `step.output`.
        bound: what it became.
    """
    manifest = bound.record.manifest
    version: dict[str, str | int] = {
        "artifact": bound.artifact,
        "version": bound.version,
        "bytes": manifest.size,
    }

    def ended(seconds: float) -> None:
        name = manifest.materializer.partition("@")[0]
        measurements().materialized(name, seconds, manifest.size)

    with span(f"materialize {reference}", **version), timed(ended):
        yield
    _log.debug("artifact materialized", extra={"action": "artifact_materialized", **version})


def published(outputs: Sequence[NewVersion], completed: Completed) -> None:
    """The outputs of a step are published."""
    for output in outputs:
        artifact, _, version = completed.outputs[output.output].partition("@")
        size = output.record.manifest.size
        note("artifact published", artifact=artifact, version=version, bytes=size)
        known = {"artifact": artifact, "version": version, "bytes": size}
        _log.debug("artifact published", extra={"action": "artifact_published", **known})
    total = sum(output.record.manifest.size for output in outputs)
    annotate(revision=completed.revision, bytes=total)
    measurements().published(total)
    _TELLING.get().end(lambda report: report.succeeded(outputs, completed.outputs))
