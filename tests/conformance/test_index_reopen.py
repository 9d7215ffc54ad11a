"""An index that has gone back goes on in a new epoch, above all that anybody has seen."""

import pytest

from raincheck.index.connection import text
from raincheck_contracts.events import IndexReopened
from tests.support.driver import Driver
from tests.support.dumps import ask, key


def _epoch(driver: Driver) -> str:
    return text(ask(driver.index, "HGET", key(driver.index, "index"), "epoch"))


def _roll_back(driver: Driver, revision: int) -> None:
    """As a server does that was restored: the rest of the index does not matter here."""
    ask(driver.index, "HSET", key(driver.index, "index"), "revision", revision)
    ask(driver.index, "DEL", key(driver.index, "events"))


def _reopen(driver: Driver, seen: int, new: str = "new") -> tuple[str, int]:
    epoch, revision = driver.index.connection.call("reopen", seen, new)
    return text(epoch), int(revision)


def test_what_is_not_behind_stays_as_it_is(driver: Driver) -> None:
    """A caller that saw no more than there is changes nothing."""
    driver.publish("model")
    epoch, revision = _epoch(driver), driver.index.records.revision()
    assert _reopen(driver, revision) == (epoch, revision)
    assert len(driver.index.events.read()) == 1


def test_revisions_that_were_seen_never_come_again(driver: Driver) -> None:
    """Nor do the ids of their events."""
    driver.publish("model")
    epoch, revision = _reopen(driver, 500)
    assert (epoch, _epoch(driver)) == ("new", "new")
    assert revision > 1_000_500
    reopened = driver.index.events.read()[-1]
    assert isinstance(reopened, IndexReopened)
    assert (reopened.data.epoch, reopened.id) == ("new", f"{revision}-1")
    driver.publish("model")
    assert driver.index.records.revision() == revision + 1


def test_the_first_who_notices_reopens_for_all(driver: Driver) -> None:
    """The others are told of the new epoch; a repeat changes nothing."""
    first = _reopen(driver, 500, "first")
    assert _reopen(driver, 700, "second") == first
    assert _epoch(driver) == "first"


def test_an_index_may_go_back_to_an_earlier_epoch(driver: Driver) -> None:
    """A copy from before is restored once more: its revisions must not come again either."""
    _, revision = _reopen(driver, 500, "second")
    ask(driver.index, "HSET", key(driver.index, "index"), "epoch", "first")
    _roll_back(driver, 3)
    epoch, later = _reopen(driver, revision, "third")
    assert epoch == "third"
    assert later > revision


@pytest.mark.parametrize("how", ["beat", "publish", "resolve"])
def test_any_answer_shows_that_the_index_has_gone_back(
    driver: Driver, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has seen more reopens it, and says so once."""
    for _ in range(5):
        driver.publish("model")
    before = _epoch(driver)
    _roll_back(driver, 2)
    match how:
        case "beat":
            driver.index.nodes.beat("n1", 100)
        case "publish":
            driver.publish("other")
        case _:
            driver.index.versions.resolve([])
    assert _epoch(driver) != before
    assert driver.index.records.revision() > 1_000_000
    driver.index.nodes.beat("n1", 100)
    said = [item for item in caplog.records if "has gone back" in item.message]
    assert len(said) == 1


def test_who_remembers_little_leaps_above_what_others_were_given(driver: Driver) -> None:
    """Restored twice, and noticed by another the second time."""
    _, first = _reopen(driver, 500, "first")
    _roll_back(driver, 3)
    _, second = _reopen(driver, 10, "second")
    assert second > first


def test_an_emptied_index_is_noticed(driver: Driver) -> None:
    """Nothing of it is left, but nobody takes its new revisions for the old ones."""
    driver.publish("model")
    ask(driver.index, "DEL", key(driver.index, "index"))
    assert not driver.index.nodes.beat("n2", 100).known
    assert driver.index.records.revision() > 1_000_000
    assert _epoch(driver)
