"""Random histories of aliases against a model in Python, also with each call made twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from raincheck.index.alias_scripts import Mode, Mover
from raincheck_contracts.aliases import Promotion
from raincheck_contracts.errors import (
    AliasGuardedError,
    InvalidWriteError,
    MetadataConflictError,
    MetricMissingError,
    RaincheckError,
    ReferenceNotFoundError,
    RollbackRefusedError,
    VersionAliasedError,
    VersionDeletedError,
)
from tests.support.acts import act
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.promoting import mover_of, moves, named, promote, roll_back
from tests.support.repeating import losing_replies
from tests.support.servers import fake_index, valkey_index

pytestmark = pytest.mark.usefixtures("unmeasured")

_Answer = TypeVar("_Answer")


@dataclass
class Model:
    """What the index must hold, in the plainest words."""

    errors: list[float | None] = field(default_factory=list)
    """The MSE of each version, in their order; None for none."""
    named: str | None = None
    undo: list[str | None] = field(default_factory=list)
    """What each move that is not undone has replaced."""
    allowed: tuple[str, ...] = ()
    history: list[tuple[str, str | None, str | None, str]] = field(default_factory=list)
    """How, from, to, by."""
    deleted: set[str] = field(default_factory=set)

    def refuses(self, version: str | None, mover: Mover, expected: str | None) -> type | None:
        """The error of a move that is not allowed, whatever it is."""
        if version is not None and not 0 < int(version) <= len(self.errors):
            return ReferenceNotFoundError
        if version in self.deleted:
            return VersionDeletedError
        if self.allowed and mover.by not in self.allowed:
            return AliasGuardedError
        return InvalidWriteError if expected is not None and expected != self.named else None

    def error(self, version: str) -> float | None:
        """The MSE of a version."""
        return self.errors[int(version) - 1]

    def move(self, how: str, to: str | None, mover: Mover) -> None:
        """Write down a move; a rollback takes one from the stack, every other puts one on it."""
        if how == "rollback":
            self.undo.pop()
        else:
            self.undo.append(self.named)
        self.history.append((how, self.named, to, mover.by))
        self.named = to


class Played:
    """An index and its model, to which the same happens.

    Args:
        index: the plain one.
        repeated: whether every call loses its first reply.
    """

    def __init__(self, index: Index, *, repeated: bool) -> None:
        self.plain = index
        self.index = losing_replies(index, lambda _function: None) if repeated else index
        self.driver = Driver(self.index)
        self.model = Model()
        plain = Driver(index)
        run_p, run_q = (mover_of(plain, name).run for name in ("p", "q"))
        self.movers = {
            "hand": Mover(by="hand"),
            "p": Mover(by="p", run=run_p),
            "q": Mover(by="q", run=run_q),
        }
        self.answered: list[tuple[Callable[[], Promotion], Promotion]] = []

    def publish(self, mse: float | None) -> None:
        """One more version."""
        self.driver.publish("model", **({} if mse is None else {"MSE": mse}))
        self.model.errors.append(mse)

    def log(self, version: str, mse: float) -> None:
        """A version is measured later."""
        metadata = {"MSE": mse}
        known = int(version) <= len(self.model.errors)
        wanted: type | None = None if known else ReferenceNotFoundError
        if version in self.model.deleted:
            wanted = VersionDeletedError
        elif known and self.model.error(version) not in {None, mse}:
            wanted = MetadataConflictError
        self._attempt(
            wanted, lambda: self.index.versions.log_metadata("model", version, {**metadata})
        )
        if wanted is None:
            self.model.errors[int(version) - 1] = mse

    def set_alias(self, version: str, who: str, expected: str | None) -> None:
        """The alias is set, compared with nothing but what is expected."""
        mover = self.movers[who]
        wanted = self.model.refuses(version, mover, expected)
        wish = (nonce(), "model", "prod", version)
        scripts = self.index.versions
        self._attempt(
            wanted,
            lambda: scripts.set_alias(*wish, expected=expected, run=mover.run, by=mover.by),
        )
        if wanted is None and self.model.named != version:
            self.model.move("set", version, mover)

    def promote(self, version: str, who: str, mode: Mode | None, expected: str | None) -> None:
        """The alias moves if the version is better."""
        model, mover = self.model, self.movers[who]
        wanted, old = model.refuses(version, mover, expected), model.named
        better = wanted is None
        if wanted is None and mode is not None:
            new = model.error(version)
            was = None if old is None else model.error(old)
            if new is None or (old is not None and was is None):
                wanted, better = MetricMissingError, False
            elif was is not None:
                better = new < was if mode == "min" else new > was
        call = partial(
            promote, self.index, version, mode, request=nonce(), expected=expected, mover=mover
        )
        done = self._attempt(wanted, call)
        if done is None:
            return
        self.answered.append((call, done))
        moved = better and version != old
        assert (done.moved, done.replaced, done.candidate) == (moved, old, version)
        if moved:
            model.move("promote", version, mover)
        assert done.version == model.named

    def rollback(self, who: str, expected: str | None) -> None:
        """The alias goes back to what the last move that is not undone has replaced."""
        model, mover = self.model, self.movers[who]
        wanted = model.refuses(None, mover, expected)
        back = model.undo[-1] if model.undo else None
        if wanted is None and (back is None or model.named is None or back in model.deleted):
            wanted = RollbackRefusedError
        call = partial(roll_back, self.index, request=nonce(), expected=expected, mover=mover)
        done = self._attempt(wanted, call)
        if done is not None:
            self.answered.append((call, done))
            to, old = model.undo[-1], model.named
            assert to is not None
            model.move("rollback", to, mover)
            assert (done.moved, done.version, done.replaced) == (True, to, old)

    def delete(self, version: str, who: str, force: bool) -> None:  # noqa: FBT001 - drawn
        """A version goes, and the alias with it by force; it is gone back to no more."""
        model, mover = self.model, self.movers[who]
        names_it = model.named == version
        wanted = model.refuses(version, mover, None)
        if wanted is AliasGuardedError and not names_it:
            wanted = None
        if names_it and not force:
            wanted = VersionAliasedError
        wish = (nonce(), "model", version)
        deletions = self.index.deletions
        done = self._attempt(wanted, lambda: deletions.delete(*wish, force=force, mover=mover))
        if done is not None:
            assert done.deletion.aliases == (("prod",) if names_it else ())
            if names_it:
                model.move("remove", None, mover)
            model.deleted.add(version)

    def repeat(self, place: int) -> None:
        """A call comes again, long after it was answered."""
        if self.answered:
            call, done = self.answered[place % len(self.answered)]
            assert call() == done

    def protect(self, pipelines: list[str]) -> None:
        """Only runs of these may move it; with none, everybody."""
        self.index.aliases.protect("model", "prod", pipelines)
        self.model.allowed = tuple(pipelines)

    def check(self) -> None:
        """The index holds what the model holds."""
        assert named(self.plain) == self.model.named
        found = moves(self.plain)
        assert [(m.how, m.replaced, m.to, m.by) for m in found] == self.model.history
        revisions = [move.revision for move in found]
        assert revisions == sorted(set(revisions))
        for move in found:
            if move.metric is not None and move.old is not None and move.new is not None:
                better = move.new < move.old if move.mode == "min" else move.new > move.old
                assert better

    def _attempt(self, wanted: type | None, call: Callable[[], _Answer]) -> _Answer | None:
        answer, refused = None, None
        try:
            answer = call()
        except RaincheckError as error:
            refused = type(error)
        assert refused is wanted
        return answer


Act = Callable[[Played], None]


_VERSIONS = st.integers(1, 6).map(str)
_METRICS = st.sampled_from([-0.5, 0.0, 0.25, 1e-9, 3.0])
_WHO = st.sampled_from(["hand", "hand", "p", "p", "q"])
_EXPECTED = st.one_of(st.none(), st.none(), st.none(), _VERSIONS)
_MODES = st.sampled_from([None, "min", "min", "max"])
_ACTS: list[st.SearchStrategy[Act]] = [
    *[act(Played.publish, mse=st.one_of(st.none(), _METRICS, _METRICS, _METRICS))] * 2,
    act(Played.log, version=_VERSIONS, mse=_METRICS),
    act(Played.set_alias, version=_VERSIONS, who=_WHO, expected=_EXPECTED),
    *[act(Played.promote, version=_VERSIONS, who=_WHO, mode=_MODES, expected=_EXPECTED)] * 3,
    *[act(Played.rollback, who=_WHO, expected=_EXPECTED)] * 3,
    act(Played.delete, version=_VERSIONS, who=_WHO, force=st.booleans()),
    act(Played.repeat, place=st.integers(0, 20)),
    act(Played.protect, pipelines=st.sampled_from([[], [], ["p"], ["p", "q"]])),
]
_FIRST = st.lists(act(Played.publish, mse=_METRICS), min_size=2, max_size=4)
_HISTORIES = st.tuples(_FIRST, st.lists(st.one_of(_ACTS), max_size=30)).map(
    lambda parts: [*parts[0], *parts[1]]
)


def _play_all(index: Index, acts: list[Act], *, repeated: bool) -> None:
    played = Played(index, repeated=repeated)
    for one in acts:
        one(played)
        played.check()


def test_an_alias_is_what_the_model_says_on_fakeredis() -> None:
    """After every act, and with each call made twice."""

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(acts=_HISTORIES, repeated=st.booleans())
    def play(acts: list[Act], repeated: bool) -> None:  # noqa: FBT001 - drawn
        _play_all(fake_index(), acts, repeated=repeated)

    play()


def test_an_alias_is_what_the_model_says_on_valkey(valkey_url: str) -> None:
    """The same on a real server."""

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(acts=_HISTORIES, repeated=st.booleans())
    def play(acts: list[Act], repeated: bool) -> None:  # noqa: FBT001 - drawn
        index = valkey_index(valkey_url)
        _play_all(index, acts, repeated=repeated)
        index.connection.close()

    play()
