"""A deleted version starts no run that is not there yet; a run that is keeps what started it."""

import pytest

from raincheck.index.alias_scripts import Mover
from raincheck.index.replies import Unresolvable
from raincheck_contracts.runs import MissingReason
from raincheck_contracts.subscriptions import Grouping, Outcome
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.subscribing import EACH, NEWEST, advance, batch, started, subscribe, version_of


def _delete(driver: Driver, *versions: str, artifact: str = "model") -> None:
    for version in versions:
        driver.index.deletions.delete(nonce(), artifact, version, mover=Mover())


def _end_first(driver: Driver) -> None:
    """The only live run ends, so there is room for the next."""
    (run,) = driver.index.records.run_ids(10, live_only=True)
    driver.index.runs.cancel(run, "makes room")
    advance(driver.index)


def test_an_event_that_is_looked_at_late_matches_nothing(driver: Driver) -> None:
    """Its version was deleted before; the event of the deletion starts nothing either."""
    subscribe(driver.index)
    driver.publish("model")
    _delete(driver, "1")
    advance(driver.index)
    assert started(driver.index) == []
    assert driver.index.subscriptions.read("sub").counts.matched == 0


@pytest.mark.parametrize(("group", "second"), [(EACH, "1+model@4"), (NEWEST, "1+4-1")])
def test_a_match_that_waits_for_room_is_dropped(
    driver: Driver, group: Grouping, second: str
) -> None:
    """The run that starts afterwards is that of the others, and the outcome is told."""
    subscribe(driver.index, group=group, limit=1)
    for _ in range(4):
        driver.publish("model")
        advance(driver.index)
    _delete(driver, "2", "3")
    _end_first(driver)
    assert started(driver.index)[1:] == [second]
    found = driver.index.records.run(f"sub+{second}").trigger
    assert found is not None
    assert [event.version for event in found.events] == ["4"]
    for version in ("2", "3"):
        match = driver.index.subscriptions.match("sub", "model", version)
        assert match is not None
        assert match.outcome is Outcome.DELETED
    assert driver.index.subscriptions.read("sub").counts.deleted == 2


def test_a_batch_is_full_without_them_or_waits(driver: Driver) -> None:
    """Two of three are left: one more makes it full."""
    subscribe(driver.index, group=batch(most=3), limit=1)
    for _ in range(3):
        driver.publish("model")
    advance(driver.index)
    for _ in range(3):
        driver.publish("model")
    advance(driver.index)
    _delete(driver, "5")
    _end_first(driver)
    assert len(started(driver.index)) == 1
    driver.publish("model")
    advance(driver.index)
    assert len(started(driver.index)) == 2
    assert driver.index.matches.lane("sub").count == 0


def test_a_part_of_an_all_of_is_open_again(driver: Driver) -> None:
    """The others stay; the next version of that artifact completes it."""
    subscribe(driver.index, "sub", version_of("data"), version_of("model"))
    driver.publish("data")
    advance(driver.index)
    _delete(driver, "1", artifact="data")
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == []
    driver.publish("data")
    advance(driver.index)
    assert len(started(driver.index)) == 1


def test_more_dropped_than_one_look_takes(driver: Driver) -> None:
    """The lane goes on with the next look."""
    subscribe(driver.index, limit=1)
    for _ in range(80):
        driver.publish("model")
    advance(driver.index)
    _delete(driver, *map(str, range(2, 80)))
    _end_first(driver)
    assert started(driver.index)[1:] == ["1+model@80"]


@pytest.mark.parametrize("within_grace", [True, False])
def test_a_run_keeps_what_started_it(driver: Driver, *, within_grace: bool) -> None:
    """For a day; then its steps that are not bound yet fail."""
    spec = pipeline(step("a", "model?trigger=newest"))
    subscribe(driver.index, spec=spec)
    driver.publish("model")
    advance(driver.index)
    run = driver.adopt(f"sub+{started(driver.index)[0]}", spec)
    _delete(driver, "1")
    if within_grace:
        assert driver.claimed(run, "a").values[0].version == "1"
        return
    ask(driver.index, "DEL", key(driver.index, "late:model:1"))
    reply = driver.claim(run, "a")
    assert isinstance(reply, Unresolvable)
    assert reply.missing[0].reason is MissingReason.VERSION_DELETED
