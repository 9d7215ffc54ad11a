"""The context of the caller's trace comes with every message of a run, whoever sends it."""

from raincheck.index.replies import Message
from tests.support.builders import pipeline, step
from tests.support.driver import ERROR, Driver
from tests.support.waiting import wait_until

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nvendor=1"
PAIR = pipeline(step("a", retries=3), step("b", after=["a"]))


def _traces(*messages: Message | None) -> list[str]:
    return [message.trace for message in messages if message]


def test_a_retry_a_lost_worker_and_a_completion_keep_it(driver: Driver) -> None:
    """What sends these messages has not seen the call."""
    run = driver.submit(PAIR, trace=TRACE)
    assert _traces(driver.fail(run, "a")[1]) == [TRACE]
    driver.claimed(run, "a")
    assert _traces(*driver.index.nodes.lost("n1", 11)) == [TRACE]
    assert _traces(*driver.finish(run, "a").messages) == [TRACE]


def test_a_delayed_start_and_a_lost_hint_keep_it(driver: Driver) -> None:
    """They come from the outbox."""
    driver.submit(PAIR, trace=TRACE, not_before_ms=1)
    driver.submit(PAIR, trace=TRACE, countdown_ms=1)
    driver.pass_ticks(30)
    found: list[str] = []

    def all_sent() -> bool:
        messages, _ = driver.index.runs.due(["raincheck"])
        found.extend(_traces(*messages))
        return len(found) == 2

    wait_until(all_sent)
    assert found == [TRACE, TRACE]


def test_a_run_without_a_trace_has_none(driver: Driver) -> None:
    """The header is left out then."""
    run = driver.submit(PAIR)
    attempt = driver.attempt(run, "a")
    _, message = driver.index.runs.fail(attempt, "error", ERROR)
    assert message is not None
    assert message.trace == ""
