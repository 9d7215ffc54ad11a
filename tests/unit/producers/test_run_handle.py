"""A run as its submitter holds it, moved by hand through its states."""

import time

import pytest

from raincheck import Client, Deployment, RunHandle, RunStatus, pipeline, save_artifact, step
from raincheck.authoring import StepContext, step_context
from raincheck_contracts.errors import (
    RunCancelledError,
    RunNotFoundError,
    RunNotRetryableError,
    StepFailedError,
    WaitInStepError,
)
from tests.support.deployments import sent
from tests.support.local_execution import LocalWorker


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@step
def fail(value: float) -> float:
    """Raises."""
    raise ValueError(f"{value} is too cold")


@pipeline
def good(value: float) -> dict[str, object]:
    """Returns what its steps returned, in a shape of its own."""
    first = double(value)
    return {"pair": (first, double(first)), "known": [1, "x"]}


@pipeline
def bad(value: float) -> float:
    """One step fails, another needs it."""
    return double(fail(value))


@pipeline
def late(name: str) -> float:
    """Waits for an artifact."""
    return double(Client().get_artifact_version(name))


@pipeline
def silent(value: float) -> None:
    """Returns nothing."""
    double(value)


class Weather:
    """What a step of a test depends on."""

    temperature = 0.0


@step
def measure(value: float) -> float:
    """Fails in the cold."""
    if Weather.temperature + value < 1:
        raise ValueError(f"{Weather.temperature} is too cold")
    return 1.0 + Weather.temperature


@pipeline
def sometimes() -> float:
    """One step that succeeds, one that fails in the cold, one that needs it."""
    return double(measure(double(0.0)))


@step
def positive(value: float) -> float:
    """Fails for what is negative."""
    if value < 0:
        raise ValueError(value)
    return value


@pipeline
def late_fail(name: str) -> float:
    """Fails for the first version."""
    return positive(Client().get_artifact_version(name))


@pytest.fixture
def worker(deployment: Deployment) -> LocalWorker:
    """Executes the messages of the deployment in this process."""
    return LocalWorker(deployment)


def test_a_run_goes_from_queued_to_succeeded(worker: LocalWorker) -> None:
    """Its result has the shape that the pipeline function gave it."""
    handle = good.delay(1.0)
    assert handle.status() is RunStatus.QUEUED
    assert "is ready and waits for a worker" in handle.why()
    worker.work()
    assert handle.status() is RunStatus.SUCCEEDED
    assert handle.wait(timeout=0) is RunStatus.SUCCEEDED
    assert handle.get() == {"pair": (2.0, 4.0), "known": [1, "x"]}
    assert handle.why() == f"run {handle.id} of good: succeeded"


def test_a_run_that_returns_nothing_gives_none(worker: LocalWorker) -> None:
    """Its step has an output all the same."""
    handle = silent.delay(1.0)
    worker.work()
    assert handle.get(timeout=1) is None
    assert handle.run().steps[0].outputs


def test_a_failed_run_raises_its_steps_error(worker: LocalWorker) -> None:
    """With the step, the error's class and its message."""
    handle = bad.delay(3.0)
    worker.work()
    with pytest.raises(StepFailedError, match=r"'fail' .* builtins.ValueError: 3.0 is too cold"):
        handle.get()
    assert handle.status() is RunStatus.FAILED
    assert "fail: failed: builtins.ValueError: 3.0 is too cold" in handle.why()
    assert "double: skipped: upstream fail" in handle.why()


def test_a_waiting_run_says_what_it_waits_for_now(worker: LocalWorker) -> None:
    """The reason follows what has been published since."""
    handle = late.delay("model")
    worker.work()
    assert handle.status() is RunStatus.WAITING
    assert "double: waits for model:latest: artifact 'model' has no versions yet" in handle.why()
    save_artifact(2.0, "model")
    worker.work()
    assert handle.get() == 4.0


def test_a_wait_that_is_too_long_says_what_the_run_does(worker: LocalWorker) -> None:
    """The time-out is close to what was asked for."""
    handle = late.delay("model")
    worker.work()
    begun = time.monotonic()
    with pytest.raises(
        TimeoutError, match=r"(?s)has not ended in 0.05 s\n.*waits for model:latest"
    ):
        handle.wait(timeout=0.05)
    assert time.monotonic() - begun < 0.5


def test_a_cancelled_run_raises_its_reason(worker: LocalWorker) -> None:
    """Cancelling again changes nothing."""
    handle = good.delay(1.0)
    assert handle.cancel("not needed")
    assert not handle.cancel("again")
    worker.work()
    with pytest.raises(RunCancelledError, match="not needed"):
        handle.get(timeout=1)
    assert "(not needed)" in handle.why()


def test_a_finished_run_cannot_be_cancelled(worker: LocalWorker) -> None:
    """It has succeeded, and stays so."""
    handle = silent.delay(1.0)
    worker.work()
    assert not handle.cancel()
    assert handle.status() is RunStatus.SUCCEEDED


def test_a_failed_run_is_retried(worker: LocalWorker) -> None:
    """Only what did not succeed runs again, and the caller's handle sees the end."""
    handle = sometimes.delay()
    worker.work()
    assert handle.status() is RunStatus.FAILED
    with pytest.raises(StepFailedError, match=r"0\.0 is too cold"):
        handle.get()
    Weather.temperature = 1.0
    assert handle.retry() == 2
    worker.work()
    assert handle.get(timeout=1) == 4.0
    assert [step.attempt for step in handle.run().steps] == [1, 2, 1]
    with pytest.raises(RunNotRetryableError, match="it succeeded"):
        handle.retry()


def test_a_retry_with_rebind_sees_what_is_true_now(worker: LocalWorker) -> None:
    """Without it, what the run saw."""
    save_artifact(-5.0, "model")
    handle = late_fail.delay("model")
    worker.work()
    save_artifact(3.0, "model")
    handle.retry()
    worker.work()
    assert handle.status() is RunStatus.FAILED
    handle.retry(rebind=True)
    worker.work()
    assert handle.get(timeout=1) == 3.0


@pytest.mark.usefixtures("deployment")
def test_a_step_must_not_wait_for_a_run() -> None:
    """It would hold a worker that the run may need; looking is allowed."""
    handle = silent.delay(1.0)
    with step_context(StepContext("r", "p", "s", 1)):
        assert handle.status() is RunStatus.QUEUED
        with pytest.raises(WaitInStepError, match=handle.id):
            handle.wait(timeout=1)
        with pytest.raises(WaitInStepError):
            handle.get()


def test_a_run_that_is_not_there_is_named(deployment: Deployment) -> None:
    """By its id; it may have ended long ago."""
    handle = RunHandle("0" * 32, deployment)
    for ask in (handle.status, handle.run, handle.why, handle.cancel, handle.get, handle.retry):
        with pytest.raises(RunNotFoundError, match="there is no run 0000"):
            ask()


def test_a_repeated_message_finds_its_step_done(
    deployment: Deployment, worker: LocalWorker
) -> None:
    """Nothing is published twice."""
    handle = silent.delay(1.0)
    (task,) = sent(deployment)
    worker.execute(task)
    worker.execute(task)
    assert handle.run().steps[0].attempt == 1
    assert (
        len(
            list(
                Client().list_artifact_versions(
                    handle.run().steps[0].outputs["output"].partition("@")[0]
                )
            )
        )
        == 1
    )
