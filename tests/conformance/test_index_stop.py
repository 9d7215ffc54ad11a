"""A pipeline that stops at a failure starts nothing more; one that goes on does."""

import pytest

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import pipeline, step
from tests.support.driver import ERROR, Driver
from tests.support.dumps import ask, key
from tests.support.mutants import Mutant, check_mutant

STEPS = (
    step("bad"),
    step("needs", after=["bad"]),
    step("runs"),
    step("ready"),
    step("waits", "never-there"),
    step("later", after=["runs"]),
)
NAMES = ("bad", "needs", "runs", "ready", "waits", "later")


def _spec(on_failure: str) -> PipelineSpec:
    return pipeline(*STEPS).model_copy(update={"on_failure": on_failure})


def _failed(driver: Driver, on_failure: str) -> str:
    """One step runs, one waits, and another fails."""
    run = driver.submit(_spec(on_failure))
    driver.claimed(run, "runs", pid=12)
    driver.parked(run, "waits")
    driver.fail(run, "bad", "final")
    return run


def test_stop_skips_all_that_has_not_begun(driver: Driver) -> None:
    """Ready, waiting and pending ones, each with the reason; what runs comes to its end."""
    run = _failed(driver, "stop")
    states = {name: driver.state(run, name) for name in NAMES}
    assert states == {
        "bad": StepState.FAILED,
        "needs": StepState.SKIPPED,
        "runs": StepState.RUNNING,
        "ready": StepState.SKIPPED,
        "waits": StepState.SKIPPED,
        "later": StepState.SKIPPED,
    }
    assert driver.step_run(run, "ready").reason == "stopped by bad"
    assert driver.step_run(run, "needs").reason == "upstream bad"
    assert driver.status(run) is not RunStatus.FAILED
    (held,) = driver.index.nodes.beat("n1", 20).running
    driver.index.nodes.give_back("n1", held, "ending")
    driver.finish(run, "runs")
    assert driver.status(run) is RunStatus.FAILED
    assert ask(driver.index, "EXISTS", key(driver.index, "waiting")) == 0


def test_an_attempt_that_fails_after_the_stop_is_the_last(driver: Driver) -> None:
    """A try that is left would be one more start."""
    steps = (step("bad"), step("runs", retries=5))
    run = driver.submit(pipeline(*steps).model_copy(update={"on_failure": "stop"}))
    attempt = driver.attempt(run, "runs", pid=12)
    driver.fail(run, "bad", "final")
    assert driver.index.runs.fail(attempt, "error", ERROR) == ("failed", None)
    assert driver.status(run) is RunStatus.FAILED


def test_continue_goes_on_with_what_does_not_need_it(driver: Driver) -> None:
    """The default: only what needed the failed step is skipped."""
    run = _failed(driver, "continue")
    assert driver.state(run, "needs") is StepState.SKIPPED
    assert driver.state(run, "ready") is StepState.QUEUED
    assert driver.state(run, "waits") is StepState.WAITING
    assert driver.state(run, "later") is StepState.PENDING


def test_a_stopped_run_may_be_retried(driver: Driver) -> None:
    """All that was skipped runs, when the failed step succeeds this time."""
    run = _failed(driver, "stop")
    (held,) = driver.index.nodes.beat("n1", 20).running
    driver.index.nodes.give_back("n1", held, "ending")
    driver.finish(run, "runs")
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    driver.publish("never-there")
    for name in ("bad", "needs", "ready", "waits", "later"):
        driver.finish(run, name)
    assert driver.status(run) is RunStatus.SUCCEEDED


def _nothing_more_starts(driver: Driver) -> None:
    assert driver.state(_failed(driver, "stop"), "ready") is StepState.SKIPPED


def test_without_stopping_it_is_noticed() -> None:
    """Mutant: the run goes on as if nobody had asked."""
    stop = "if Runs.facts(call, run).stops then"
    check_mutant(Mutant("stopping off", stop, "if false then", _nothing_more_starts))


@pytest.mark.parametrize(
    ("backoff", "delays"), [(1.0, [10, 10, 10]), (2.0, [10, 20, 40]), (100.0, [10, 1000, 3600])]
)
def test_retries_back_off(driver: Driver, backoff: float, delays: list[int]) -> None:
    """Each delay is the factor times the one before, an hour at most."""
    only = step("a", retries=5).model_copy(update={"retry_delay": 10.0, "retry_backoff": backoff})
    run = driver.submit(pipeline(only))
    found: list[float] = []
    for _ in delays:
        seconds, microseconds = ask(driver.index, "TIME")
        assert driver.fail(run, "a") == ("retry", None)
        record = key(driver.index, f"step:{run}/a")
        due = int(ask(driver.index, "HGET", record, "not_before"))
        found.append(due / 1000 - int(seconds) - int(microseconds) / 1e6)
        ask(driver.index, "HDEL", record, "not_before")
    assert found == pytest.approx(delays, abs=2)
