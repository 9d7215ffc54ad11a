"""An alias is removed: it names nothing, and its history says so."""

import pytest

from raincheck.index.alias_scripts import Mover
from raincheck_contracts.errors import (
    AliasGuardedError,
    InvalidWriteError,
    RollbackRefusedError,
)
from raincheck_contracts.events import AliasRemoved
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.promoting import HAND, moves, named, promote, roll_back
from tests.support.subscribing import advance, alias_of, subscribe


def _remove(driver: Driver, expected: str | None = None, mover: Mover = HAND) -> str:
    done = driver.index.aliases.remove(nonce(), "model", "prod", expected=expected, mover=mover)
    return done.version


def _reason(driver: Driver, text: str) -> MissingReason:
    answer = driver.index.versions.resolve([parse_reference(text)]).answers[0]
    assert isinstance(answer, MissingReference), answer
    return answer.reason


def test_an_alias_that_is_removed_names_nothing(driver: Driver) -> None:
    """What it named is answered; who did it and why stays in its history."""
    driver.publish("model")
    promote(driver.index, "1")
    before = driver.index.records.revision()
    assert _remove(driver, mover=Mover(by="me", why="wrong")) == "1"
    assert named(driver.index) is None
    assert _reason(driver, "model:prod") is MissingReason.ALIAS_UNKNOWN
    last = driver.index.aliases.history("model", "prod", 9)[0]
    told = (last.how, last.replaced, last.to, last.by, last.why)
    assert told == ("remove", "1", None, "me", "wrong")
    assert driver.index.aliases.names("model") == ["prod"]
    events = [event for event in driver.index.events.read() if isinstance(event, AliasRemoved)]
    assert [(event.data.alias, event.data.version) for event in events] == [("prod", "1")]
    was = driver.index.versions.resolve([parse_reference(f"model:prod?asof={before}")])
    assert was.missing == ()
    revision = driver.index.records.revision()
    assert _reason(driver, f"model:prod?asof={revision}") is MissingReason.NONE_THEN


def test_a_removal_starts_nothing(driver: Driver) -> None:
    """Neither what is for moves of the alias, nor what is for versions."""
    driver.publish("model")
    promote(driver.index, "1")
    subscribe(driver.index, "moves", alias_of())
    subscribe(driver.index, "versions")
    _remove(driver)
    advance(driver.index)
    counts = [driver.index.subscriptions.read(name).counts for name in ("moves", "versions")]
    assert [count.started for count in counts] == [0, 0]


def test_removing_what_names_nothing_is_no_move(driver: Driver) -> None:
    """Whether it never did, or not any more."""
    driver.publish("model")
    assert _remove(driver) == ""
    promote(driver.index, "1")
    assert (_remove(driver), _remove(driver)) == ("1", "")
    assert len(moves(driver.index)) == 2


def test_only_what_is_expected_is_removed(driver: Driver) -> None:
    """Two who remove at once do not take away what a third has set."""
    driver.publish("model")
    promote(driver.index, "1")
    with pytest.raises(InvalidWriteError, match="names 1 now"):
        _remove(driver, expected="2")
    assert named(driver.index) == "1"
    assert _remove(driver, expected="1") == "1"


def test_a_protected_alias_is_not_removed_by_hand(driver: Driver) -> None:
    """As it is not moved."""
    driver.publish("model")
    promote(driver.index, "1")
    driver.index.aliases.protect("model", "prod", ["judge"])
    with pytest.raises(AliasGuardedError):
        _remove(driver)
    assert named(driver.index) == "1"


def test_after_a_removal_there_is_nothing_to_roll_back(driver: Driver) -> None:
    """Neither at once, nor after it is set anew: whoever removed it meant it."""
    for _ in range(3):
        driver.publish("model")
    promote(driver.index, "1")
    promote(driver.index, "2")
    _remove(driver)
    with pytest.raises(RollbackRefusedError):
        roll_back(driver.index)
    promote(driver.index, "3")
    with pytest.raises(RollbackRefusedError):
        roll_back(driver.index)
    assert named(driver.index) == "3"
