"""Calling a pipeline runs it here, against the same index and with the same records."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from raincheck import Client, RunHandle, RunStatus, save_artifact, use_deployment
from raincheck_contracts.errors import RunCancelledError, StepFailedError
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet, lines, running_fleet, step_run

pytestmark = [pytest.mark.functional, pytest.mark.usefixtures("here")]


@pytest.fixture(scope="module")
def _here(valkey_url: str) -> Generator[Fleet]:
    with running_fleet(valkey_url) as fleet:
        yield fleet


@pytest.fixture
def here(_here: Fleet) -> Generator[Fleet]:
    """A deployment without any worker."""
    with use_deployment(_here.deployment):
        yield _here


def _newest_run(here: Fleet) -> RunHandle:
    (run,) = here.deployment.index.records.run_ids(1)
    return RunHandle(run, here.deployment)


def _waits(here: Fleet) -> bool:
    """Whether a run waits; before the call has submitted it there may be none at all."""
    live = here.deployment.index.records.run_ids(1, live_only=True)
    return [RunHandle(run, here.deployment).status() for run in live] == [RunStatus.WAITING]


def test_an_inline_run_gives_its_value_and_has_the_records_of_a_queued_one(here: Fleet) -> None:
    """Every step with its node, attempt, and outputs; the node is gone afterwards."""
    assert pipelines.fan_out(1.0) == 30.0
    handle = _newest_run(here)
    run = handle.run()
    assert run.status is RunStatus.SUCCEEDED
    assert len(run.steps) == 12
    assert {(step.state, step.attempt) for step in run.steps} == {(StepState.SUCCEEDED, 1)}
    assert len({step.node for step in run.steps}) == 1
    assert all(step.outputs and step.started_at and step.ended_at for step in run.steps)
    assert handle.get() == 30.0
    assert here.deployment.index.records.nodes() == []


def test_what_is_missing_fails_at_once(here: Fleet, fresh: Callable[[str], str]) -> None:
    """The default wait of a call is 0: somebody sits before it."""
    name = fresh("model")
    begun = time.monotonic()
    with pytest.raises(StepFailedError, match=f"artifact '{name}' has no versions yet"):
        pipelines.double_newest(name)
    assert time.monotonic() - begun < 2.0
    assert _newest_run(here).status() is RunStatus.FAILED


def test_a_reference_with_a_wait_is_waited_for(here: Fleet, fresh: Callable[[str], str]) -> None:
    """Another thread publishes meanwhile."""
    name = fresh("model")
    save_artifact(1.0, name)
    seen: list[RunStatus] = []

    def publish() -> None:
        wait_until(lambda: _waits(here), 10)
        seen.append(_newest_run(here).status())
        save_artifact(2.0, f"{name}-other")
        Client().set_alias(f"{name}-other", "production")

    publisher = threading.Thread(target=publish)
    publisher.start()
    assert pipelines.wait_shortly(name, 20.0) == [1.0, 2.0, 0.0, 0.0]
    publisher.join()
    assert seen == [RunStatus.WAITING]


def test_a_wait_that_ends_fails_the_call(fresh: Callable[[str], str]) -> None:
    """No worker is needed to notice it."""
    with pytest.raises(StepFailedError, match="has no versions yet"):
        pipelines.wait_shortly(fresh("model"), 0.3)


def test_a_step_is_tried_again_inline(here: Fleet, tmp_path: Path) -> None:
    """With its delay; nobody else is there to wake it."""
    log = tmp_path / "log"
    assert pipelines.retry(str(log), 2) == 3
    first, second, _ = map(float, lines(log))
    assert second - first >= 0.3
    assert step_run(_newest_run(here), "flaky").attempt == 3


def test_a_failing_step_does_not_stop_those_that_do_not_need_it(
    here: Fleet, tmp_path: Path
) -> None:
    """As on the queue: the run ends when all its steps are final."""
    with pytest.raises(StepFailedError, match="TooColdError: try 3"):
        pipelines.fail_first_of_two(str(tmp_path / "log"))
    handle = _newest_run(here)
    assert handle.status() is RunStatus.FAILED
    states = {step.step: step.state for step in handle.run().steps}
    assert states == {
        "flaky": StepState.FAILED,
        "double": StepState.SKIPPED,
        "add_one": StepState.SUCCEEDED,
    }


def test_an_interrupt_cancels_the_run(here: Fleet) -> None:
    """Control-C reaches the caller, and the record says what happened."""
    with pytest.raises(KeyboardInterrupt):
        pipelines.interrupt_then_double()
    handle = _newest_run(here)
    assert handle.status() is RunStatus.CANCELLED
    assert "interrupted where it ran" in handle.why()
    assert {step.state for step in handle.run().steps} == {
        StepState.CANCELLED,
        StepState.SKIPPED,
    }


def test_a_run_cancelled_from_elsewhere_raises_that(here: Fleet, tmp_path: Path) -> None:
    """The step that runs is let end, and its output refused; even an error of its own."""
    log, gate = tmp_path / "log", tmp_path / "gate"

    def cancel() -> None:
        wait_until(lambda: len(lines(log)) == 1, 10)
        _newest_run(here).cancel("not any more")
        gate.touch()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(RunCancelledError, match="not any more"):
        pipelines.hold_then_fail(str(log), str(gate))
    canceller.join()


def test_the_run_of_a_killed_process_is_cancelled(here: Fleet, tmp_path: Path) -> None:
    """Whoever looks for silent nodes ends it; nobody else takes its steps."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    code = f"from tests.functional import pipelines; pipelines.hold({str(log)!r}, {str(gate)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=here.environment({}))
    wait_until(lambda: len(lines(log)) == 1, 20)
    handle = _newest_run(here)
    assert handle.status() is RunStatus.RUNNING
    process.kill()
    process.wait()
    here.deployment.index.nodes.reap()
    assert handle.status() is RunStatus.RUNNING
    here.pass_ticks(130)
    assert here.deployment.index.nodes.reap() == ()
    with pytest.raises(RunCancelledError, match="the process that ran it died"):
        handle.get(timeout=1)


def test_missing_bytes_fail_the_call_with_their_digest(
    here: Fleet, fresh: Callable[[str], str]
) -> None:
    """There is no other worker that might have them, so it is soon given up."""
    name = fresh("model")
    save_artifact([0.5] * 5_000, name)
    digest = Client().get_artifact_version(name).digest
    for path in here.deployment.settings.blob_folder.rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(StepFailedError, match=digest):
        pipelines.add_up(name)
