import pytest

from raincheck.index.replies import Refused
from raincheck_contracts.errors import RunNotFoundError, StaleFenceError
from raincheck_contracts.events import RunFinished
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import dump, key_names

ONE = pipeline(step("a"))


def test_a_queued_run_is_cancelled(driver: Driver) -> None:
    """Its hint is not sent again, and a message already sent is refused."""
    run = driver.submit(ONE)
    assert driver.index.runs.cancel(run, "no longer wanted") is None
    record = driver.index.records.run(run)
    assert (record.status, record.reason) == (RunStatus.CANCELLED, "no longer wanted")
    assert driver.claim(run, "a") == Refused("REFUSED", "step is C")
    driver.pass_ticks(5_000)
    assert driver.due() == []
    assert "hints:raincheck" not in key_names(driver.index)


def test_a_delayed_run_is_cancelled(driver: Driver) -> None:
    """Its timer goes with it."""
    run = driver.submit(ONE, countdown_ms=60_000)
    driver.index.runs.cancel(run, "no longer wanted")
    assert "timers" not in key_names(driver.index)


def test_a_waiting_run_is_cancelled(driver: Driver) -> None:
    """It leaves the wait set and its timer; the publication wakes nobody."""
    run = driver.submit(pipeline(step("a", "model")))
    driver.parked(run, "a")
    driver.index.runs.cancel(run, "no longer wanted")
    assert [name for name in key_names(driver.index) if name.startswith("wait:")] == []
    assert "timers" not in key_names(driver.index)
    assert driver.publish("model").dirty is False


def test_a_running_run_is_cancelled(driver: Driver) -> None:
    """Its attempt can write nothing any more."""
    run = driver.submit(pipeline(step("a", timeout=60), step("b", after=["a"])))
    attempt = driver.attempt(run, "a")
    driver.index.runs.cancel(run, "no longer wanted")
    assert driver.state(run, "a") is StepState.CANCELLED
    assert driver.state(run, "b") is StepState.SKIPPED
    assert "timers" not in key_names(driver.index)
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [])


def test_what_a_run_has_done_stays_done(driver: Driver) -> None:
    """Steps that ended before the cancel keep their state and outputs."""
    spec = pipeline(
        step("a", outputs=["x"]), step("b", output_of("a", "x")), step("c"), step("d", after=["c"])
    )
    run = driver.submit(spec)
    driver.finish(run, "a", new_version("x", output="x"))
    driver.fail(run, "c")
    driver.index.runs.cancel(run, "no longer wanted")
    states = [item.state for item in driver.index.records.run(run).steps]
    assert states == [
        StepState.SUCCEEDED,
        StepState.CANCELLED,
        StepState.FAILED,
        StepState.SKIPPED,
    ]
    assert driver.index.records.version("x", "1") is not None


@pytest.mark.parametrize(("outcome", "state"), [("finish", "S"), ("fail", "F"), ("cancel", "C")])
def test_a_run_that_has_ended_is_not_cancelled(driver: Driver, outcome: str, state: str) -> None:
    """The answer is the state in which it ended; a terminal run never changes."""
    run = driver.submit(ONE)
    if outcome == "finish":
        driver.finish(run, "a")
    elif outcome == "fail":
        driver.fail(run, "a")
    else:
        driver.index.runs.cancel(run, "first")
    before = dump(driver.index)
    assert driver.index.runs.cancel(run, "second") == state
    assert dump(driver.index) == before


def test_an_unknown_run_cannot_be_cancelled(driver: Driver) -> None:
    """The error names it."""
    with pytest.raises(RunNotFoundError, match="gone"):
        driver.index.runs.cancel("gone", "no longer wanted")


def test_a_cancel_is_one_event(driver: Driver) -> None:
    """However many steps it ends."""
    run = driver.submit(pipeline(step("a"), step("b"), step("c", after=["a", "b"])))
    driver.index.runs.cancel(run, "no longer wanted")
    [event] = driver.index.events.read()
    assert isinstance(event, RunFinished)
    assert event.data.status is RunStatus.CANCELLED
