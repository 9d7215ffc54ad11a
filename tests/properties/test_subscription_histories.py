"""Random histories of subscriptions: every match is accounted for, once.

`SUBSCRIPTION_HISTORIES=10000` plays so many; a history goes on at any point after a worker has
died, for a worker has no memory of what it looks at.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from tests.support.acts import act
from tests.support.key_leaks import key_leaks
from tests.support.repeating import losing_replies
from tests.support.servers import fake_index, valkey_index
from tests.support.subscription_history import SUBSCRIPTIONS, History, Judge

pytestmark = pytest.mark.usefixtures("unmeasured")

Act = Callable[[History], None]

_ARTIFACTS = st.sampled_from(["m", "m", "d"])
_METRICS = st.sampled_from([0.1, 0.9])
_NAMES = st.sampled_from(sorted(SUBSCRIPTIONS))


_ACTS: list[st.SearchStrategy[Act]] = [
    *[
        act(
            History.publish,
            artifact=_ARTIFACTS,
            mse=st.one_of(st.none(), _METRICS),
            tagged=st.booleans(),
        )
    ]
    * 4,
    act(History.log, artifact=_ARTIFACTS, mse=_METRICS),
    act(History.tag, artifact=_ARTIFACTS),
    act(History.alias, back=st.integers(0, 2)),
    *[act(History.wake, limit=st.integers(1, 70))] * 3,
    act(History.pause, name=_NAMES),
    act(History.resume, name=_NAMES),
    act(History.redeploy, name=_NAMES),
    act(History.backfill, name=_NAMES, limit=st.integers(1, 3)),
    *[act(History.end_run, place=st.integers(0, 20), cancelled=st.booleans())] * 2,
    act(History.forget, most=st.integers(1, 10)),
    act(History.back_up),
    act(History.go_back),
]
_HISTORIES = st.lists(st.one_of(_ACTS), max_size=40)


def _examples(usual: int) -> int:
    return int(os.environ.get("SUBSCRIPTION_HISTORIES", usual))  # noqa: TID251 - of the test run


def _play_all(index: Index, acts: list[Act], *, repeated: bool) -> None:
    told = losing_replies(index, lambda _function: None) if repeated else index
    history = History(told)
    for one in acts:
        one(history)
    history.drain()
    Judge(index, history.gaps).check()
    for name in SUBSCRIPTIONS:
        index.subscriptions.delete(name)
    assert key_leaks(index) == []


def test_every_match_is_accounted_for_on_fakeredis() -> None:
    """Whatever comes in between, and with each call made twice."""

    @settings(
        max_examples=_examples(150),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(acts=_HISTORIES, repeated=st.booleans())
    def play(acts: list[Act], repeated: bool) -> None:  # noqa: FBT001 - drawn
        _play_all(fake_index(), acts, repeated=repeated)

    play()


def test_every_match_is_accounted_for_on_valkey(valkey_url: str) -> None:
    """The same on a real server."""

    @settings(
        max_examples=_examples(100),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(acts=_HISTORIES, repeated=st.booleans())
    def play(acts: list[Act], repeated: bool) -> None:  # noqa: FBT001 - drawn
        index = valkey_index(valkey_url)
        _play_all(index, acts, repeated=repeated)
        index.connection.close()

    play()
