import pytest

from raincheck_contracts.runs import StepState
from tests.support.builders import pipeline, step
from tests.support.driver import Driver, names
from tests.support.dumps import ask, key
from tests.support.waiting import wait_until

ONE = pipeline(step("a"))
TICKS_PER_SECOND = 2


def _seconds(driver: Driver, seconds: int) -> None:
    driver.pass_ticks(seconds * TICKS_PER_SECOND)


def _has_hint(driver: Driver, run: str, step_name: str = "a") -> bool:
    hints = key(driver.index, "hints:raincheck")
    return ask(driver.index, "ZSCORE", hints, f"{run}/{step_name}") is not None


def test_a_hint_that_was_lost_is_sent_again(driver: Driver) -> None:
    """Ten seconds after the submit, not before; the message is that of the first hint."""
    run = driver.submit(ONE, queue="q", priority=5)
    _seconds(driver, 9)
    assert driver.due() == []
    _seconds(driver, 1)
    [message], _ = driver.index.runs.due(["q"])
    assert (message.run, message.pipeline, message.queue, message.priority) == (run, "p", "q", 5)
    assert message.body == ONE.steps[0].canonical_json()


def test_hints_are_sent_again_ever_less_often(driver: Driver) -> None:
    """After 10, 30, 90, 270 and then every 600 seconds."""
    driver.submit(ONE)
    _seconds(driver, 10)
    assert driver.due() == ["a"]
    for pause in (10, 30, 90, 270, 600, 600):
        _seconds(driver, pause - 1)
        assert driver.due() == []
        _seconds(driver, 1)
        assert driver.due() == ["a"]
        assert driver.due() == []


def test_the_back_off_of_a_step_ends_with_its_claim(driver: Driver) -> None:
    """The hint of its next try is looked at after ten seconds again."""
    run = driver.submit(pipeline(step("a", retries=1)))
    for pause in (10, 10, 30):
        _seconds(driver, pause)
        assert driver.due() == ["a"]
    driver.fail(run, "a")
    for _ in range(2):
        _seconds(driver, 10)
        assert driver.due() == ["a"]


def test_a_hint_is_not_sent_to_a_queue_without_room(driver: Driver) -> None:
    """A long queue is why nobody has claimed: more messages would make it longer."""
    driver.submit(ONE)
    _seconds(driver, 300)
    assert driver.index.runs.due([])[0] == ()
    assert driver.due() == ["a"]


def test_a_hint_overdue_for_ten_minutes_is_sent_in_any_case(driver: Driver) -> None:
    """A queue that never drains must not hide a lost message for ever."""
    driver.submit(ONE)
    _seconds(driver, 10 + 599)
    assert driver.index.runs.due([])[0] == ()
    _seconds(driver, 1)
    assert names(driver.index.runs.due([])[0]) == ["a"]
    assert driver.index.runs.due([])[0] == ()


def test_only_the_queue_with_room_gets_its_hints(driver: Driver) -> None:
    """Each step's own queue counts."""
    driver.submit(pipeline(step("a"), step("b", queue="gpu")))
    _seconds(driver, 10)
    assert names(driver.index.runs.due(["gpu"])[0]) == ["b"]
    assert names(driver.index.runs.due(["raincheck", "gpu"])[0]) == ["a"]


def test_one_sweep_sends_at_most_two_hundred_hints_of_a_queue(driver: Driver) -> None:
    """The rest comes with the next sweeps, each once."""
    driver.submit(pipeline(*(step(f"s{i}") for i in range(450))))
    _seconds(driver, 10)
    sweeps = [driver.due() for _ in range(4)]
    assert [len(sweep) for sweep in sweeps] == [200, 200, 50, 0]
    assert len({name for sweep in sweeps for name in sweep}) == 450


@pytest.mark.parametrize("end", ["claim", "park", "cancel", "decline"])
def test_the_row_of_a_hint_goes_with_the_queued_state(driver: Driver, end: str) -> None:
    """Claimed, parked, cancelled, failed: none of these is hinted again."""
    run = driver.submit(pipeline(step("a", "x")))
    assert _has_hint(driver, run)
    if end == "claim":
        driver.publish("x")
        driver.claimed(run, "a")
    elif end == "park":
        driver.parked(run, "a")
    elif end == "cancel":
        driver.index.runs.cancel(run, "no longer wanted")
    else:
        for _ in range(30):
            driver.index.runs.decline(run, "a", "unknown")
    assert not _has_hint(driver, run)
    _seconds(driver, 5_000)
    assert driver.due() == []


def test_every_way_into_the_queue_writes_a_hint(driver: Driver) -> None:
    """Freed, woken, retried, given back: whoever should send may die before sending."""
    run = driver.submit(pipeline(step("a", "x", retries=1), step("b", after=["a"])))
    driver.parked(run, "a")
    driver.publish("x")
    driver.wake()
    assert _has_hint(driver, run)
    driver.fail(run, "a")
    assert _has_hint(driver, run)
    driver.claimed(run, "a")
    driver.index.nodes.lost("n1", 11)
    assert _has_hint(driver, run)
    driver.finish(run, "a")
    assert _has_hint(driver, run, "b")


def test_the_hint_of_a_delayed_start_is_sent_again(driver: Driver) -> None:
    """The timer sends it once; from then on it is a hint like all others."""
    driver.submit(ONE, countdown_ms=1)
    wait_until(lambda: driver.due() == ["a"])
    _seconds(driver, 9)
    assert driver.due() == []
    _seconds(driver, 1)
    assert driver.due() == ["a"]


def test_without_timers_there_is_no_next_one(driver: Driver) -> None:
    """Minus one says so."""
    driver.submit(ONE)
    assert driver.index.runs.due([]) == ((), -1)


def test_the_next_timer_is_told_in_milliseconds(driver: Driver) -> None:
    """At most a minute, so that a clock that was set back does no harm for longer."""
    driver.submit(ONE, countdown_ms=3_600_000)
    assert driver.index.runs.due([])[1] == 60_000
    driver.submit(ONE, countdown_ms=30_000)
    assert driver.index.runs.due([])[1] == pytest.approx(30_000, abs=2_000)


def test_a_sweep_fires_at_most_a_hundred_timers(driver: Driver) -> None:
    """And says that the next is due at once."""
    run = driver.submit(pipeline(*(step(f"s{i}") for i in range(130))), countdown_ms=1)
    reply: list[str] = []
    while len(reply) < 130:
        messages, wait = driver.index.runs.due([])
        assert len(messages) <= 100
        reply += names(messages)
        assert not messages or wait == (0 if len(reply) < 130 else -1)
    assert len(set(reply)) == 130
    assert driver.state(run, "s0") is StepState.QUEUED
