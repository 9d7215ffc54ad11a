import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mode, Mover
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import (
    AliasGuardedError,
    InvalidWriteError,
    MetricMissingError,
    ReferenceNotFoundError,
    RollbackRefusedError,
)
from raincheck_contracts.events import AliasMoved
from raincheck_contracts.runs import StepState
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key
from tests.support.promoting import HAND, mover_of, moves, named, promote, roll_back


def _versions(driver: Driver, *errors: JsonValue) -> None:
    for error in errors:
        driver.publish("model", **({} if error is None else {"MSE": error}))


def _chain(index: Index) -> list[tuple[str, str | None, str | None]]:
    return [(move.how, move.replaced, move.to) for move in moves(index)]


def _set(driver: Driver, version: str, mover: Mover = HAND) -> None:
    driver.index.versions.set_alias(
        nonce(), "model", "prod", version, run=mover.run, by=mover.by, why=mover.why
    )


def test_an_alias_that_names_nothing_takes_the_candidate(driver: Driver) -> None:
    """There is nothing to be better than; the newest is the candidate when none is named."""
    _versions(driver, 0.5, 0.4)
    done = promote(driver.index, None, "min")
    assert (done.moved, done.candidate, done.version, done.replaced) == (True, "2", "2", None)
    assert (done.old, done.new) == (None, 0.4)
    assert done.reason == "prod named nothing before"
    assert named(driver.index) == "2"


@pytest.mark.parametrize(("mode", "better"), [("min", 0.25), ("max", 0.75)])
def test_a_better_version_replaces_the_incumbent(driver: Driver, mode: Mode, better: float) -> None:
    """The reply says what it replaced and both values; the event is that of any move."""
    _versions(driver, 0.5, better)
    promote(driver.index, "1", mode)
    done = promote(driver.index, "2", mode)
    assert (done.moved, done.version, done.replaced) == (True, "2", "1")
    assert (done.old, done.new, done.revision) == (0.5, better, driver.index.records.revision())
    assert done.reason == f"MSE={better} of 2 is better than 0.5 of 1"
    event = driver.index.events.read()[-1]
    assert isinstance(event, AliasMoved)
    assert (event.data.alias, event.data.version, event.data.previous) == ("prod", "2", "1")


@pytest.mark.parametrize(("mode", "other"), [("min", 0.5), ("min", 0.6), ("max", 0.5), ("max", -1)])
def test_not_better_is_an_outcome(driver: Driver, mode: Mode, other: float) -> None:
    """Equal is not better. No move, no event, no revision; the incumbent stays."""
    _versions(driver, 0.5, other)
    promote(driver.index, "1", mode)
    revision = driver.index.records.revision()
    done = promote(driver.index, "2", mode)
    assert (done.moved, done.candidate, done.version, done.replaced) == (False, "2", "1", "1")
    assert (done.old, done.new, done.revision) == (0.5, other, revision)
    word = "less" if mode == "min" else "greater"
    assert done.reason == f"MSE={other} of 2 is not {word} than 0.5 of 1, which stays"
    assert driver.index.records.revision() == revision
    assert (named(driver.index), len(moves(driver.index))) == ("1", 1)


def test_numbers_are_compared_as_numbers(driver: Driver) -> None:
    """9 is less than 10, and 1e-3 less than 0.002."""
    _versions(driver, 10, 9, 0.002, 1e-3)
    for version in ("1", "2", "3", "4"):
        assert promote(driver.index, version, "min").moved


def test_without_a_metric_nothing_is_compared(driver: Driver) -> None:
    """A worse version may be promoted when nobody asks; what it names already is no move."""
    _versions(driver, 0.5, None)
    promote(driver.index, "1")
    assert promote(driver.index, "2").reason == "it replaces 1"
    again = promote(driver.index, "2")
    assert (again.moved, again.reason) == (False, "prod names 2 already")
    assert _chain(driver.index) == [("promote", None, "1"), ("promote", "1", "2")]


@pytest.mark.parametrize("value", [None, "low", True, {"of": 1}])
def test_what_cannot_be_compared_is_named(driver: Driver, value: JsonValue) -> None:
    """Candidate or incumbent without such a number: nobody can say which is better."""
    _versions(driver, 0.5, value)
    before = dump(driver.index)
    with pytest.raises(MetricMissingError, match="Log it before the promotion") as caught:
        promote(driver.index, "2", "min")
    assert (caught.value.version, caught.value.role) == ("2", "candidate")
    assert dump(driver.index) == before
    promote(driver.index, "2")
    before = dump(driver.index)
    with pytest.raises(MetricMissingError, match="nobody can say what is better") as caught:
        promote(driver.index, "1", "min")
    assert (caught.value.version, caught.value.role) == ("2", "incumbent")
    assert dump(driver.index) == before


def test_what_is_refused_changes_nothing(driver: Driver) -> None:
    """No such version, none expected, texts that are too long, a mode that is none."""
    _versions(driver, 0.5, 0.4)
    promote(driver.index, "1")
    before = dump(driver.index)
    with pytest.raises(ReferenceNotFoundError, match="no version model@9"):
        promote(driver.index, "9")
    with pytest.raises(InvalidWriteError, match="names 1 now"):
        promote(driver.index, "2", expected="2")
    with pytest.raises(InvalidWriteError, match="names 1 now"):
        roll_back(driver.index, expected="2")
    for mover in (Mover(by="x" * 201), Mover(why="x" * 1001)):
        with pytest.raises(InvalidWriteError, match="at most"):
            promote(driver.index, "2", mover=mover)
        with pytest.raises(InvalidWriteError, match="at most"):
            roll_back(driver.index, mover=mover)
    with pytest.raises(InvalidWriteError, match="mode is min or max"):
        promote(driver.index, "2", "least")  # type: ignore[arg-type]  # what another language sends
    with pytest.raises(InvalidWriteError, match="alias"):
        driver.index.aliases.promote(nonce(), "model", "1", "7", mover=HAND)
    assert dump(driver.index) == before


def test_a_repeated_promotion_does_not_undo_a_later_move(driver: Driver) -> None:
    """The same request gets the same answer, whatever it came to; also when it did not move."""
    _versions(driver, 0.5, 0.4)
    first, second = nonce(), nonce()
    moved = promote(driver.index, "2", "min", request=first)
    stayed = promote(driver.index, "1", "min", request=second)
    _set(driver, "1")
    before = dump(driver.index)
    assert promote(driver.index, "2", "min", request=first) == moved
    assert promote(driver.index, "1", "min", request=second) == stayed
    assert dump(driver.index) == before


def test_the_history_says_who_when_why_and_what(driver: Driver) -> None:
    """Of every kind of move, in the order of revisions."""
    _versions(driver, 0.5, 0.4)
    run = mover_of(driver, "evaluate")
    _set(driver, "1")
    promote(driver.index, "2", "min", mover=run)
    roll_back(driver.index)
    set_, promoted, back = moves(driver.index)
    assert (set_.how, set_.by, set_.why, set_.replaced, set_.to) == (
        *("set", "ann", "because", None, "1"),
    )
    assert (set_.run, set_.pipeline, set_.metric) == (None, None, None)
    assert (promoted.how, promoted.by, promoted.why) == ("promote", run.by, "better")
    assert (promoted.run, promoted.pipeline) == (run.run, "evaluate")
    assert (promoted.metric, promoted.mode, promoted.old, promoted.new) == ("MSE", "min", 0.5, 0.4)
    assert (back.how, back.replaced, back.to) == ("rollback", "2", "1")
    events = [event for event in driver.index.events.read() if isinstance(event, AliasMoved)]
    assert [(f"{move.revision}-1", move.at) for move in moves(driver.index)] == [
        (event.id, round(event.time.timestamp() * 1000)) for event in events
    ]


def test_the_history_keeps_the_newest_thousand_moves(driver: Driver) -> None:
    """Older ones go; each alias has its own."""
    _versions(driver, 0.5, 0.4)
    driver.index.versions.set_alias(nonce(), "model", "other", "1")
    for place in range(1_010):
        _set(driver, str(place % 2 + 1))
    found = moves(driver.index)
    assert len(found) == 1_000
    assert [move.revision for move in found] == sorted(move.revision for move in found)
    assert found[-1].to == named(driver.index)
    assert len(driver.index.aliases.history("model", "other", 10)) == 1
    assert len(driver.index.aliases.history("model", "prod", 3)) == 3


def test_rollbacks_go_back_step_by_step(driver: Driver) -> None:
    """A stack: each undoes one more; a new move goes on top of what is left."""
    _versions(driver, *[None] * 5)
    for version in ("1", "2", "3"):
        promote(driver.index, version)
    back = roll_back(driver.index)
    assert (back.moved, back.version, back.replaced) == (True, "2", "3")
    assert roll_back(driver.index).version == "1"
    with pytest.raises(RollbackRefusedError, match="no earlier version") as caught:
        roll_back(driver.index)
    assert caught.value.why == "first"
    _set(driver, "4")
    _set(driver, "5")
    assert roll_back(driver.index).version == "4"
    assert roll_back(driver.index).version == "1"
    with pytest.raises(RollbackRefusedError, match="no earlier version"):
        roll_back(driver.index)
    assert [move.how for move in moves(driver.index)[-2:]] == ["rollback", "rollback"]


def test_two_who_roll_back_what_they_see_go_one_step_back(driver: Driver) -> None:
    """The second does not find what it expects; a repeat gets the first answer."""
    _versions(driver, None, None, None)
    for version in ("1", "2", "3"):
        promote(driver.index, version)
    request = nonce()
    first = roll_back(driver.index, request=request, expected="3")
    with pytest.raises(InvalidWriteError, match="names 2 now"):
        roll_back(driver.index, expected="3")
    assert roll_back(driver.index, request=request, expected="3") == first
    assert named(driver.index) == "2"


def test_a_rollback_that_leads_nowhere_says_why(driver: Driver) -> None:
    """An alias that names nothing, a version that is gone, a move that is no longer kept."""
    _versions(driver, None, None)
    with pytest.raises(RollbackRefusedError, match="it names nothing"):
        roll_back(driver.index)
    promote(driver.index, "1")
    promote(driver.index, "2")
    ahist = key(driver.index, "ahist:model:prod")
    ask(driver.index, "RENAME", key(driver.index, "ver:model:1"), key(driver.index, "ver:model:x"))
    before = dump(driver.index)
    with pytest.raises(RollbackRefusedError, match="version 1, which it named before, is gone"):
        roll_back(driver.index)
    assert dump(driver.index) == before
    ask(driver.index, "RENAME", key(driver.index, "ver:model:x"), key(driver.index, "ver:model:1"))
    promote(driver.index, "1")
    roll_back(driver.index)
    ask(driver.index, "XTRIM", ahist, "MAXLEN", "1")
    with pytest.raises(RollbackRefusedError, match="no longer in its history"):
        roll_back(driver.index)


def set_to_2(driver: Driver, mover: Mover) -> None:
    """Set the alias to version 2."""
    _set(driver, "2", mover)


def promote_2(driver: Driver, mover: Mover) -> None:
    """Promote version 2, which is better."""
    promote(driver.index, "2", "min", mover=mover)


def go_back(driver: Driver, mover: Mover) -> None:
    """Roll the alias back."""
    roll_back(driver.index, mover=mover)


@pytest.mark.parametrize(
    "move",
    [set_to_2, promote_2, go_back],
    ids=["set_alias", "promote", "rollback"],
)
def test_a_protected_alias_is_moved_by_its_pipelines_alone(
    driver: Driver, move: Callable[[Driver, Mover], None]
) -> None:
    """Not by hand, not by others; until it is set free."""
    _versions(driver, 0.5, 0.25, 1)
    _set(driver, "1")
    _set(driver, "3")
    scripts = driver.index.aliases
    scripts.protect("model", "prod", ["evaluate", "emergency"])
    assert scripts.protection("model", "prod") == ("evaluate", "emergency")
    before = dump(driver.index)
    with pytest.raises(AliasGuardedError, match="moved by evaluate or emergency alone") as caught:
        move(driver, HAND)
    error = caught.value
    assert (error.mover, error.pipelines) == ("", ("evaluate", "emergency"))
    assert dump(driver.index) == before
    stranger = mover_of(driver, "train")
    with pytest.raises(AliasGuardedError, match="not by pipeline train"):
        move(driver, stranger)
    with pytest.raises(AliasGuardedError, match="a move by hand"):
        move(driver, Mover(run="no-such-run"))
    move(driver, mover_of(driver, "emergency"))
    assert moves(driver.index)[-1].pipeline == "emergency"
    driver.index.versions.set_alias(nonce(), "model", "other", "1")
    scripts.protect("model", "prod", [])
    assert scripts.protection("model", "prod") == ()
    promote(driver.index, "3")


def test_a_promotion_wakes_who_waits_for_the_alias(driver: Driver) -> None:
    """As every move does."""
    _versions(driver, 0.5)
    run = driver.submit(pipeline(step("a", "model:prod")))
    driver.parked(run, "a")
    assert driver.index.aliases.promote(nonce(), "model", "1", "prod", mover=HAND).dirty
    assert driver.wake() == ["a"]
    assert driver.state(run, "a") is StepState.QUEUED


THREADS, TURNS = 8, 60


def in_the_script(index: Index, version: str, _all_have_looked: threading.Barrier) -> None:
    """Promote a version if it is better."""
    promote(index, version, "min")


def read_then_set(index: Index, version: str, all_have_looked: threading.Barrier) -> None:
    """What promotion would be if the mover compared."""
    now = named(index)
    candidate = index.records.version("model", version)
    incumbent = None if now is None else index.records.version("model", now)
    all_have_looked.wait()
    assert candidate is not None
    old = None if incumbent is None else incumbent.metadata["MSE"]
    new = candidate.metadata["MSE"]
    assert isinstance(new, int)
    if old is None or (isinstance(old, int) and new < old):
        index.versions.set_alias(nonce(), "model", "prod", version)


def compete(index: Index, promoting: Callable[[Index, str, threading.Barrier], None]) -> None:
    """Let many promote different candidates at once, over and over.

    Raises:
        AssertionError: not the best of all is named, or a move has made it worse.
    """
    driver, start = Driver(index), threading.Barrier(THREADS)
    all_have_looked = threading.Barrier(THREADS)

    def take_part(version: str) -> None:
        start.wait()
        promoting(index, version, all_have_looked)

    errors: dict[str, int] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(TURNS):
            fresh = [(place * 5 + turn) % THREADS - 4 * turn for place in range(THREADS)]
            _versions(driver, *fresh)
            versions = [str(len(errors) + place + 1) for place in range(THREADS)]
            errors.update(zip(versions, fresh, strict=True))
            list(pool.map(take_part, versions))
            current = named(index)
            assert current is not None
            assert errors[current] == min(errors.values())
    found = moves(index)
    assert len(found) >= TURNS
    assert [move.replaced for move in found[1:]] == [move.to for move in found[:-1]]
    assert all(errors[move.to or ""] < errors[move.replaced or ""] for move in found[1:])


def test_of_promotions_at_once_the_best_wins(valkey_index: Index) -> None:
    """Whatever their order: the best of all is named, and every move made it better."""
    compete(valkey_index, in_the_script)
