"""A run in words."""

from typing import Any

from raincheck.queueing.run_report import RunReport, step_causes, with_present_misses
from raincheck_contracts.runs import (
    ErrorInfo,
    MissingReason,
    MissingReference,
    Run,
    RunStatus,
    StepRun,
    StepState,
)
from tests.support.builders import new_version, nonce
from tests.support.servers import fake_index

RUN = "r" * 32


def _run(*steps: StepRun, status: RunStatus = RunStatus.RUNNING, reason: str | None = None) -> Run:
    return Run(
        id=RUN, pipeline="nightly", status=status, submitted_at=0, steps=steps, reason=reason
    )


def _step(name: str, state: StepState, **fields: Any) -> StepRun:
    return StepRun(run=RUN, step=name, state=state, **fields)


def _explained(run: Run) -> str:
    return str(RunReport(run, {step.step: step_causes(step, lambda _: ()) for step in run.steps}))


def test_each_step_that_has_something_to_say_has_a_line() -> None:
    """What has succeeded, or is not reached yet, says nothing."""
    missing = MissingReference(reference="model@7", reason=MissingReason.ARTIFACT_UNKNOWN)
    error = ErrorInfo(type="builtins.ValueError", message="no")
    words = _explained(
        _run(
            _step("a", StepState.SUCCEEDED),
            _step("b", StepState.WAITING, missing=(missing,)),
            _step("c", StepState.RUNNING, node="host-1", attempt=2),
            _step("d", StepState.FAILED, error=error),
            _step("e", StepState.SKIPPED, reason="upstream d"),
            _step("f", StepState.QUEUED),
            _step("g", StepState.QUEUED, attempt=1),
            _step("h", StepState.QUEUED, reason="given back by a worker: no step m:h"),
            _step("i", StepState.PENDING),
        )
    )
    assert words.splitlines() == [
        f"run {RUN} of nightly: running",
        "  b: waits for model@7: artifact 'model' has no versions yet",
        "  c: runs on host-1, attempt 2",
        "  d: failed: builtins.ValueError: no",
        "  e: skipped: upstream d",
        "  f: is ready and waits for a worker",
        "  g: is ready and waits for a worker, attempt 1 failed",
        "  h: given back by a worker: no step m:h",
    ]


def test_the_reason_of_a_run_stands_in_its_first_line() -> None:
    """Of a cancelled one, say."""
    words = _explained(_run(status=RunStatus.CANCELLED, reason="expired before it started"))
    assert words == f"run {RUN} of nightly: cancelled (expired before it started)"


def test_what_has_come_since_is_no_longer_missed() -> None:
    """A record is as old as the last look at the step; the reasons are of now."""
    index = fake_index()
    misses = tuple(
        MissingReference(reference=reference, reason=MissingReason.ARTIFACT_UNKNOWN, deadline=1_000)
        for reference in ("model:latest", "model@2", "other?where=MSE<0.2")
    )
    run = _run(_step("b", StepState.WAITING, missing=misses), status=RunStatus.WAITING)
    index.versions.publish(nonce(), new_version("model"))
    (step,) = with_present_misses(index, run).steps
    assert step.missing == (
        MissingReference(reference="model@2", reason=MissingReason.VERSION_UNKNOWN, deadline=1_000),
        misses[2],
    )
    index.versions.publish(nonce(), new_version("model"))
    index.versions.publish(nonce(), new_version("other", metadata={"MSE": 0.1}))
    assert "b: has what it waited for and is about to start" in _explained(
        with_present_misses(index, run)
    )


def test_a_run_that_waits_for_nothing_is_given_as_it_is() -> None:
    """Nothing is asked."""
    run = _run(_step("a", StepState.RUNNING, node="n"))
    assert with_present_misses(fake_index(), run) is run
