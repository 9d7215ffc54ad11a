"""Steps that fail, are tried again, run too long, are cancelled or come too late."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from raincheck import Client, RunStatus, save_artifact
from raincheck_contracts.errors import RunCancelledError, RunExpiredError, StepFailedError
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, Fleet, lines, step_field, step_run

pytestmark = [pytest.mark.functional, pytest.mark.usefixtures("crew")]


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _versions(run: str, artifact: str) -> list[str]:
    found = Client().list_artifact_versions(artifact)
    return [item.version for item in found if item.record.record.run == run]


def test_a_step_that_raises_is_tried_again_after_its_delay(tmp_path: Path) -> None:
    """What the failed tries had staged was never published."""
    log = tmp_path / "log"
    handle = pipelines.retry.delay(str(log), 2)
    assert handle.get(timeout=15) == 3
    step = step_run(handle, "flaky")
    assert (step.attempt, step.lost, step.error) == (3, 0, None)
    first, second, third = map(float, lines(log))
    assert second - first >= 0.3
    assert third - second >= 0.3
    (version,) = _versions(handle.id, "from-a-try")
    saved = Client().get_artifact_version("from-a-try", version)
    assert saved.run_metadata["tries"].value == 3


def test_a_step_that_fails_for_good_skips_what_needed_it(tmp_path: Path) -> None:
    """The record holds the error's type, message and traceback; the rest of the run goes on."""
    handle = pipelines.fail_first.delay(str(tmp_path / "log"))
    with pytest.raises(StepFailedError, match="flaky") as caught:
        handle.get(timeout=15)
    error = caught.value.error
    assert error.type == f"{PIPELINES}.TooColdError"
    assert error.message == "try 3"
    assert 'raise TooColdError(f"try {tries}")' in error.traceback
    states = {step.step: step.state for step in handle.run().steps}
    assert states == {
        "add_one": StepState.SUCCEEDED,
        "flaky": StepState.FAILED,
        "double": StepState.SKIPPED,
        "total": StepState.SKIPPED,
    }
    assert handle.status() is RunStatus.FAILED
    assert "double: skipped: upstream flaky" in handle.why()
    assert _versions(handle.id, "from-a-try") == []


def test_a_timeout_ends_a_step_and_leaves_the_worker(crew: Fleet, tmp_path: Path) -> None:
    """The process is killed; another step runs in the same worker."""
    log = tmp_path / "log"
    handle = pipelines.run_over.delay(str(log))
    begun = time.monotonic()
    with pytest.raises(StepFailedError, match="it ran longer than its timeout"):
        handle.get(timeout=10)
    assert time.monotonic() - begun < 4.0
    wait_until(lambda: _ended(int(lines(log)[0])), 5)
    assert pipelines.double_given.delay(1.0).get(timeout=10) == 2.0
    assert crew.workers[0].process.poll() is None


def test_cancelling_stops_a_running_step(tmp_path: Path) -> None:
    """Its process ends, nothing is published, and what came after it does not run."""
    log = tmp_path / "log"
    handle = pipelines.hold_then_double.delay(str(log), str(tmp_path / "gate"))
    wait_until(lambda: len(lines(log)) == 1, 10)
    assert handle.cancel("changed my mind")
    assert not handle.cancel()
    with pytest.raises(RunCancelledError, match="changed my mind"):
        handle.get(timeout=5)
    wait_until(lambda: _ended(int(lines(log)[0].split()[0])), 5)
    states = {step.step: step.state for step in handle.run().steps}
    assert states == {"held": StepState.CANCELLED, "double": StepState.SKIPPED}
    assert _versions(handle.id, "held_value") == []
    assert pipelines.double_given.delay(1.0).get(timeout=10) == 2.0


def test_revoking_the_task_in_celery_cancels_the_run(crew: Fleet, tmp_path: Path) -> None:
    """As Flower does it; the sweeper does not bring it back."""
    log = tmp_path / "log"
    handle = pipelines.hold.delay(str(log), str(tmp_path / "gate"))
    wait_until(lambda: len(lines(log)) == 1, 10)
    task = step_field(handle, "held", "task")
    crew.deployment.hints.app.control.revoke(task, terminate=True, signal="SIGKILL")
    with pytest.raises(RunCancelledError, match="revoked in Celery"):
        handle.get(timeout=10)
    wait_until(lambda: _ended(int(lines(log)[0].split()[0])), 5)


def test_cancelling_a_waiting_step_forgets_it(fresh: Callable[[str], str]) -> None:
    """A publication that comes later starts nothing."""
    name = fresh("model")
    handle = pipelines.double_newest.delay(name)
    wait_until(lambda: handle.status() is RunStatus.WAITING)
    assert handle.cancel()
    save_artifact(1.0, name)
    assert handle.status() is RunStatus.CANCELLED
    assert step_run(handle, "double").attempt == 0


def test_cancelling_a_queued_step_keeps_it_from_starting() -> None:
    """Its message finds a run that is over."""
    handle = pipelines.double_given.apply_async([1.0], countdown=0.5)
    assert handle.status() is RunStatus.QUEUED
    assert handle.cancel()
    assert pipelines.double_given.apply_async([1.0], countdown=0.6).get(timeout=10) == 2.0
    assert step_run(handle, "double").attempt == 0
    assert handle.status() is RunStatus.CANCELLED


def test_a_countdown_holds_the_first_step_back() -> None:
    """The delay is a due time in the index, by the server's clock."""
    handle = pipelines.double_given.apply_async([1.0], countdown=0.6)
    assert handle.get(timeout=10) == 2.0
    started = step_run(handle, "double").started_at
    assert started is not None
    assert 600 <= started - handle.run().submitted_at < 3_000


def test_a_run_that_expires_before_it_starts_is_cancelled() -> None:
    """One that has started in time is not."""
    late = pipelines.double_given.apply_async([1.0], countdown=60, expires=0.3)
    timely = pipelines.double_given.apply_async([1.0], expires=30)
    with pytest.raises(RunExpiredError, match="expired before it started"):
        late.get(timeout=10)
    assert timely.get(timeout=10) == 2.0
