"""The event log is read without a gap, from any position that is kept."""

import pytest
from jsonschema import Draft202012Validator

from raincheck.client.event_reader import read_events
from raincheck.index.connection import text
from raincheck_contracts.asyncapi import asyncapi
from raincheck_contracts.errors import EventPositionError
from raincheck_contracts.events import IndexReopened
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key


def _subjects(driver: Driver, since: int | str | None) -> list[str]:
    log = driver.index.events
    return [event.subject for event in read_events(log, since, follow=False)]


def _publish(driver: Driver, count: int) -> None:
    for _ in range(count):
        driver.publish("model")


def test_events_are_read_from_the_beginning_or_after_a_position(driver: Driver) -> None:
    """A revision and the id of its event are the same place; `None` is all."""
    _publish(driver, 3)
    assert _subjects(driver, None) == ["model@1", "model@2", "model@3"]
    assert _subjects(driver, 0) == ["model@1", "model@2", "model@3"]
    assert _subjects(driver, 1) == _subjects(driver, "1-1") == ["model@2", "model@3"]
    assert _subjects(driver, 3) == []


def test_events_of_one_revision_have_places_of_their_own(driver: Driver) -> None:
    """A publication and the end of its run: after the first comes the second."""
    run = driver.submit(pipeline(step("a", outputs=["x"])))
    driver.finish(run, "a", new_version("x", output="x"))
    assert [event.id for event in driver.index.events.read()] == ["1-1", "1-2"]
    assert _subjects(driver, "1-1") == [f"run/{run}"]
    assert _subjects(driver, 1) == _subjects(driver, "1-2") == []


def test_a_log_is_read_in_pages(driver: Driver) -> None:
    """Whatever the size of a page, each event comes once."""
    _publish(driver, 7)
    log, position, seen = driver.index.events, None, list[str]()
    while page := log.read(after=position, limit=3):
        seen += [event.id for event in page]
        position = page[-1].id
    assert seen == [f"{revision}-1" for revision in range(1, 8)]
    assert [event.id for event in log.newest(2)] == ["6-1", "7-1"]


@pytest.mark.parametrize("since", ["x", "-1", "1-", "1-2-3", "", "1.5"])
def test_what_is_no_position_is_refused(driver: Driver, since: str) -> None:
    """With how one is written."""
    with pytest.raises(EventPositionError, match=r"is no position. Give a revision") as raised:
        driver.index.events.position(since)
    assert raised.value.position == since


def test_a_position_ahead_of_the_index_is_refused(driver: Driver) -> None:
    """It would wait for ever, or miss what an index that was restored does until then."""
    _publish(driver, 2)
    assert driver.index.events.position(2) == f"2-{2**64 - 1}"
    with pytest.raises(EventPositionError, match="ahead of the index, which is at revision 2"):
        driver.index.events.position(3)


def test_a_gap_is_named_and_never_jumped(driver: Driver) -> None:
    """What was forgotten is noted exactly: who has read up to there has missed nothing."""
    _publish(driver, 5)
    driver.index.runs.trim(most_events=2)
    assert _subjects(driver, None) == ["model@4", "model@5"]
    assert _subjects(driver, "3-1") == _subjects(driver, 3) == ["model@4", "model@5"]
    for position in ("2-1", 2, 0):
        with pytest.raises(EventPositionError, match="up to 3-1 are no longer kept"):
            driver.index.events.position(position)
    with pytest.raises(EventPositionError, match="position 2-1 in the event log is too old"):
        driver.index.events.read(after="2-1")


def test_an_emptied_log_has_a_gap_only_for_those_who_were_behind(driver: Driver) -> None:
    """A consumer that comes back after a quiet month goes on."""
    _publish(driver, 3)
    driver.index.runs.trim(most_events=0)
    assert _subjects(driver, "3-1") == _subjects(driver, None) == []
    with pytest.raises(EventPositionError, match="up to 3-1"):
        driver.index.events.position("2-1")
    driver.publish("model")
    assert _subjects(driver, "3-1") == _subjects(driver, None) == ["model@4"]


def test_a_slow_reader_learns_that_it_was_overtaken(driver: Driver) -> None:
    """What it had not yet read was forgotten meanwhile."""
    _publish(driver, 3)
    events = read_events(driver.index.events, None, follow=True)
    assert next(events).id == "1-1"
    _publish(driver, 3)
    driver.index.runs.trim(most_events=1)
    assert [next(events).id, next(events).id] == ["2-1", "3-1"]  # of the page that it holds
    with pytest.raises(EventPositionError, match="up to 5-1 are no longer kept"):
        next(events)


def test_who_reads_notices_that_the_index_has_gone_back(driver: Driver) -> None:
    """And reads on: the index goes on above what it had seen."""
    _publish(driver, 3)
    events = read_events(driver.index.events, 2, follow=True)
    assert next(events).subject == "model@3"
    ask(driver.index, "HSET", key(driver.index, "index"), "revision", 1)
    ask(driver.index, "XTRIM", key(driver.index, "events"), "MAXLEN", 0)
    assert isinstance(next(events), IndexReopened)
    driver.publish("model")
    assert next(events).subject == "model@4"


def _publish_what_nobody_knows(driver: Driver, count: int) -> None:
    """Events as a newer release might append them: another kind, its own fields."""
    for _ in range(count):
        revision = ask(driver.index, "HINCRBY", key(driver.index, "index"), "revision", 1)
        entry = ("k", "zzz", "t", 1, "zz", "?")
        ask(driver.index, "XADD", key(driver.index, "events"), f"{revision}-1", *entry)


def test_unknown_kinds_are_read_over(driver: Driver) -> None:
    """Pages full of them neither end a reading nor shorten what is newest."""
    _publish_what_nobody_knows(driver, 3)
    _publish(driver, 1)
    _publish_what_nobody_knows(driver, 5)
    _publish(driver, 2)
    _publish_what_nobody_knows(driver, 4)
    log = driver.index.events
    assert [event.id for event in log.read(limit=2)] == ["4-1"]
    assert [event.id for event in log.read(after="4-1", limit=2)] == ["10-1"]
    assert log.read(after="11-1", limit=2) == []
    assert _subjects(driver, None) == ["model@1", "model@2", "model@3"]
    assert [event.id for event in log.newest(2)] == ["10-1", "11-1"]
    assert [event.id for event in log.newest(9)] == ["4-1", "10-1", "11-1"]
    assert log.newest(0) == []


def test_unknown_fields_are_read_over(driver: Driver) -> None:
    """The event is what it is without them."""
    _publish(driver, 1)
    (known,) = driver.index.events.read()
    entry = ("k", "published", "t", 1, "a", "model", "v", "1", "s", 1, "zz", "?")
    ask(driver.index, "XADD", key(driver.index, "events"), "2-1", *entry)
    assert driver.index.events.read()[1].data == known.data


def test_a_page_of_unknown_kinds_is_not_the_end(driver: Driver) -> None:
    """Neither for who reads what there is, nor for who follows."""
    _publish_what_nobody_knows(driver, 1_001)
    events = read_events(driver.index.events, None, follow=True)
    _publish(driver, 1)
    assert next(events).id == "1002-1"
    assert _subjects(driver, None) == ["model@1"]


def test_the_position_goes_on_past_unknown_kinds(driver: Driver) -> None:
    """They may be forgotten once they were read over: nothing was missed."""
    _publish(driver, 1)
    _publish_what_nobody_knows(driver, 3)
    log = driver.index.events
    events = read_events(log, None, follow=True)
    assert next(events).id == "1-1"
    page = log.page(after="1-1")
    assert (page.events, page.position) == ([], "4-1")
    assert log.page(after="4-1", wait=0.01).position == "4-1"
    driver.index.runs.trim(most_events=0)
    _publish(driver, 1)
    assert next(events).id == "5-1"


def test_entries_are_what_the_asyncapi_document_says(driver: Driver) -> None:
    """One of each kind, as a stranger reads it."""
    run = driver.submit(pipeline(step("a", outputs=["x"])))
    driver.finish(run, "a", new_version("x", output="x"))
    driver.index.versions.set_alias(nonce(), "x", "best", "1")
    driver.index.versions.tag("x", "1", "small")
    driver.index.versions.log_metadata("x", "1", {"MSE": 0.5})
    driver.index.connection.call("reopen", 100, "new")
    messages = asyncapi()["components"]["messages"]
    kinds: list[str] = []
    for _, fields in ask(driver.index, "XRANGE", key(driver.index, "events"), "-", "+"):
        entry = {text(name): text(value) for name, value in fields.items()}
        kinds.append(entry["k"])
        payload = messages[f"{entry['k']}Entry"]["payload"]
        Draft202012Validator({**payload, "additionalProperties": False}).validate(entry)
    assert kinds == ["published", "finished", "alias", "tag", "metadata", "reopened"]
