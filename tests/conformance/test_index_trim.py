"""What is kept for a time is forgotten after it, a bounded piece at a time."""

from raincheck.index.connection import text
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key

DAY_MS = 86_400_000


def _now(driver: Driver) -> int:
    seconds, _ = ask(driver.index, "TIME")
    return int(seconds) * 1000


def _event(driver: Driver, revision: int, age_ms: int) -> None:
    at = _now(driver) - age_ms
    ask(driver.index, "XADD", key(driver.index, "events"), f"{revision}-1", "k", "x", "t", at)


def _events(driver: Driver) -> list[str]:
    entries = ask(driver.index, "XRANGE", key(driver.index, "events"), "-", "+")
    return [text(entry[0]) for entry in entries]


def test_events_are_kept_for_a_week(driver: Driver) -> None:
    """The first that is young enough ends it, whatever stands behind."""
    for revision, days in enumerate([9, 8, 6, 1, 0], start=1):
        _event(driver, revision, days * DAY_MS)
    assert not driver.index.runs.trim()
    assert _events(driver) == ["3-1", "4-1", "5-1"]
    assert not driver.index.runs.trim()
    assert _events(driver) == ["3-1", "4-1", "5-1"]


def test_all_events_may_be_too_old(driver: Driver) -> None:
    """An index that nobody used for a week; the next event still comes after them."""
    for revision in range(1, 4):
        _event(driver, revision, 8 * DAY_MS)
    assert not driver.index.runs.trim()
    assert _events(driver) == []
    ask(driver.index, "HSET", key(driver.index, "index"), "revision", 3)
    driver.publish("model")
    assert _events(driver) == ["4-1"]


def test_of_too_many_events_the_oldest_go(driver: Driver) -> None:
    """However young; the last that went is noted."""
    for revision in range(1, 6):
        _event(driver, revision, 0)
    assert not driver.index.runs.trim(most_events=2)
    assert _events(driver) == ["4-1", "5-1"]
    assert text(ask(driver.index, "HGET", key(driver.index, "index"), "forgotten")) == "3-1"


def test_one_call_forgets_a_thousand(driver: Driver) -> None:
    """And says that more is left."""
    for revision in range(1, 1_502):
        _event(driver, revision, 8 * DAY_MS)
    assert driver.index.runs.trim()
    assert _events(driver)[0] == "1001-1"
    assert not driver.index.runs.trim()
    assert _events(driver) == []


def test_ended_runs_are_listed_as_long_as_any_may_be_kept(driver: Driver) -> None:
    """A month, as failed ones are."""
    run = driver.submit(pipeline(step("a")))
    driver.finish(run, "a")
    done = key(driver.index, "runs:done")
    ask(driver.index, "ZADD", done, _now(driver) - 31 * DAY_MS, "long-gone")
    driver.index.runs.trim()
    assert [text(item) for item in ask(driver.index, "ZRANGE", done, 0, -1)] == [run]
