"""How much waits and runs, as those who watch are told."""

import pytest

from raincheck.index.replies import QueueFigures
from raincheck_contracts.runs import StepState
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.waiting import wait_until

ONE = pipeline(step("a"))
WAITER = pipeline(step("a", "model"))


def _queue(driver: Driver, name: str = "raincheck") -> QueueFigures:
    return next(item for item in driver.index.records.figures().queues if item.queue == name)


def test_an_empty_index_has_a_node_and_nothing_else(driver: Driver) -> None:
    """No queue is known before its first step."""
    figures = driver.index.records.figures()
    assert (figures.waiting, figures.live_runs, figures.nodes, figures.resent) == (0, 0, 1, 0)
    assert figures.bad == 0
    assert figures.queues == ()


def test_queued_steps_count_until_they_are_claimed(driver: Driver) -> None:
    """In their own queue each; a run counts until its end."""
    run = driver.submit(pipeline(step("a"), step("b", queue="gpu"), step("c", after=["a"])))
    assert (_queue(driver).steps, _queue(driver, "gpu").steps) == (1, 1)
    attempt = driver.attempt(run, "a")
    assert _queue(driver).steps == 0
    driver.index.runs.complete(attempt, ())
    assert _queue(driver).steps == 1
    driver.index.runs.cancel(run, "enough")
    assert (_queue(driver).steps, _queue(driver, "gpu").steps) == (0, 0)
    assert driver.index.records.figures().live_runs == 0


def test_the_age_of_a_queue_is_that_of_its_oldest_step(driver: Driver) -> None:
    """Nothing that is sent again makes it younger."""
    old, _ = driver.submit(ONE), driver.submit(ONE)
    since = ask(driver.index, "ZSCORE", key(driver.index, "queued:raincheck"), f"{old}/a")
    ask(
        driver.index,
        *("ZADD", key(driver.index, "queued:raincheck"), int(since) - 60_000, f"{old}/a"),
    )
    driver.pass_ticks(30)
    assert driver.due() == ["a", "a"]
    assert 60 <= _queue(driver).age < 90
    driver.finish(old, "a")
    assert _queue(driver).age < 30


def test_the_age_of_an_empty_queue_is_nothing(driver: Driver) -> None:
    """The queue stays known."""
    driver.finish(driver.submit(ONE), "a")
    assert _queue(driver) == QueueFigures("raincheck", 0, 0.0)


@pytest.mark.parametrize("end", ["published", "cancelled", "too late"])
def test_a_waiting_step_counts_until_its_wait_ends(driver: Driver, end: str) -> None:
    """However it ends; while it waits it is in no queue."""
    run = driver.submit(WAITER)
    driver.parked(run, "a")
    figures = driver.index.records.figures()
    assert (figures.waiting, _queue(driver).steps) == (1, 0)
    match end:
        case "published":
            driver.publish("model")
            driver.wake()
            assert _queue(driver).steps == 1
        case "cancelled":
            driver.index.runs.cancel(run, "enough")
        case _:
            ask(driver.index, "ZADD", key(driver.index, "timers"), 1, f"w|{run}/a")
            ask(driver.index, "HSET", key(driver.index, f"step:{run}/a"), "first_park", 1)
            driver.due()
            assert driver.state(run, "a") is StepState.FAILED
    assert driver.index.records.figures().waiting == 0


def test_hints_that_are_sent_again_are_counted(driver: Driver) -> None:
    """Those that were lost, and not a retry or a delayed start."""
    driver.submit(ONE, countdown_ms=1)
    driver.submit(ONE)
    driver.pass_ticks(30)
    sent: list[str] = []

    def both_sent() -> bool:
        sent.extend(driver.due())
        return len(sent) == 2

    wait_until(both_sent)
    assert driver.index.records.figures().resent == 1
