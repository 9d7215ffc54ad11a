"""Random histories of a namespace and of the one that it falls back to: who answers, and what.

A namespace answers for itself from its first publication on, also when all that it has is
deleted since; before that, and as of a moment before that, its fall-back does.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from operator import ge

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from raincheck_contracts.events import ArtifactVersionPublished
from raincheck_contracts.runs import MissingReason, MissingReference
from tests.support.driver import Driver
from tests.support.overlaid import over
from tests.support.servers import fake_index, valkey_index
from tests.support.version_acts import ACTS, Act
from tests.support.version_history import Past
from tests.support.version_questions import as_of, compare, questions

pytestmark = pytest.mark.usefixtures("unmeasured")

#: Each with whether it happens in the namespace or in its fall-back.
_HISTORIES = st.lists(st.tuples(st.booleans(), ACTS), max_size=20)


@dataclass
class _Both:
    """Two namespaces, and what happened in each."""

    own: Past
    other: Past

    @cached_property
    def own_times(self) -> dict[int, datetime]:
        """Of the namespace's revisions."""
        return self.own.times()

    @cached_property
    def other_times(self) -> dict[int, datetime]:
        """Of the revisions of the fall-back."""
        return self.other.times()

    @cached_property
    def first(self) -> datetime | None:
        """When the namespace published for the first time."""
        events = self.own.index.events.read(limit=1_000)
        found = (event.time for event in events if isinstance(event, ArtifactVersionPublished))
        return next(found, None)

    def owned(self, moment: datetime | None = None) -> bool:
        """Whether the namespace answers for itself, now or as of a time."""
        return self.first is not None and (moment is None or self.first <= moment)

    def ask_now(self) -> None:
        """Everything, in one read."""
        self._ask(None)

    def ask_of_times(self) -> None:
        """As of each of the latest times at which something happened in one of them."""
        times = sorted({*self.own_times.values(), *self.other_times.values()})
        for moment in times[-8:]:
            self._ask(moment)

    def ask_of_revisions(self) -> None:
        """Revisions are the namespace's own, and no others are answered."""
        others_before = self.other.versions or self.other.deleted
        for revision in (0, *self.own_times):
            asked = [item for one in questions(self.own) if (item := as_of(one, revision))]
            if revision or not others_before:
                found = compare(self.own.index, self.own, asked, partial(ge, revision))
                assert set(found) <= {None}
                continue
            answers = self.own.index.versions.resolve(asked).answers
            for answer in answers:
                assert isinstance(answer, MissingReference)
                assert answer.reason is MissingReason.MOMENT_ELSEWHERE

    def _ask(self, moment: datetime | None) -> None:
        own = self.owned(moment)
        owner, times = (self.own, self.own_times) if own else (self.other, self.other_times)
        asked = questions(owner)
        then = {came for came, at in times.items() if moment is None or at <= moment}
        if moment is not None:
            asked = [item for one in asked if (item := as_of(one, moment))]
        found = compare(self.own.index, owner, asked, then.__contains__)
        namespace = None if own else self.other.index.namespace
        assert set(found) <= {namespace}


def _play(index: Index, acts: list[tuple[bool, Act]]) -> None:
    both = _Both(Past(over(index)), Past(Driver(index)))
    for of_own, one in acts:
        one(both.own if of_own else both.other)
    both.ask_now()
    time.sleep(0.002)  # the last millisecond is over, so that it can be asked about
    both.ask_of_times()
    both.ask_of_revisions()


_LONG = [HealthCheck.too_slow, HealthCheck.data_too_large]


def test_each_moment_is_answered_by_one_namespace_on_fakeredis() -> None:
    """And by none of a mixture."""

    @settings(max_examples=50, deadline=None, suppress_health_check=_LONG)
    @given(acts=_HISTORIES)
    def play(acts: list[tuple[bool, Act]]) -> None:
        _play(fake_index(), acts)

    play()


def test_each_moment_is_answered_by_one_namespace_on_valkey(valkey_url: str) -> None:
    """The same on a real server."""

    @settings(max_examples=100, deadline=None, suppress_health_check=_LONG)
    @given(acts=_HISTORIES)
    def play(acts: list[tuple[bool, Act]]) -> None:
        index = valkey_index(valkey_url)
        _play(index, acts)
        index.connection.close()

    play()
