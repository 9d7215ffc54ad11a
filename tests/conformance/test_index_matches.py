"""What a subscription has matched and not started, as it is read."""

from raincheck.index.match_records import PendingMatch
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.subscribing import NEWEST, advance, alias_of, subscribe, version_of


def test_pending_matches_and_live_runs_are_read(driver: Driver) -> None:
    """Oldest first, as many as are asked for, and how many there are."""
    subscribe(driver.index, group=NEWEST, limit=1)
    for _ in range(4):
        driver.publish("model")
        advance(driver.index)
    lane = driver.index.matches.lane("sub", 2)
    assert [(item.event, item.version) for item in lane.pending] == [("2-1", "2"), ("3-1", "3")]
    assert (lane.count, lane.live, lane.generation) == (3, ("sub+1+1-1",), "1")
    event = driver.index.events.find(["2-1"])["2-1"]
    assert lane.pending[0].at == round(event.time.timestamp() * 1000)


def test_the_parts_of_an_all_of_are_read(driver: Driver) -> None:
    """By their place, each with its newest match; an event that is to be looked at is said."""
    subscribe(driver.index, "sub", version_of("data"), alias_of(), version_of("other"))
    driver.publish("data")
    driver.publish("model")
    assert driver.index.matches.lane("sub").marked
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    advance(driver.index)
    lane = driver.index.matches.lane("sub")
    assert not lane.marked
    at = {slot: match.at for slot, match in lane.joined.items()}
    assert lane.joined == {
        1: PendingMatch("1-1", "published", "data", "1", at[1]),
        2: PendingMatch("3-1", "alias", "model", "1", at[2]),
    }


def test_events_are_found_by_id(driver: Driver) -> None:
    """Those that are there."""
    for _ in range(2):
        driver.publish("model")
    found = driver.index.events.find(["2-1", "9-1", "1-1"])
    assert {name: event.subject for name, event in found.items()} == {
        "1-1": "model@1",
        "2-1": "model@2",
    }
    assert driver.index.events.find([]) == {}


def test_the_version_before_is_the_one_published_before(driver: Driver) -> None:
    """Of the same artifact, whatever its name; none before the first. By hand has no pipeline."""
    for name in ("b", "a"):
        driver.publish("model", name)
    newest, oldest = (driver.index.records.version("model", name) for name in ("a", "b"))
    assert newest is not None
    assert oldest is not None
    before = driver.index.records.version_before(newest)
    assert before == oldest
    assert driver.index.records.version_before(oldest) is None
    assert newest.pipeline is None
