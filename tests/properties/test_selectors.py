"""Random histories of an artifact: every reference means what a naive reading of them says.

Asked at the end as of now, as of each revision, and as of each time; all references of a
question in one read. `SELECTOR_HISTORIES=10000` plays so many.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from tests.support.driver import Driver
from tests.support.repeating import losing_replies
from tests.support.servers import fake_index, valkey_index
from tests.support.version_acts import ACTS, Act
from tests.support.version_history import Past
from tests.support.version_questions import ask_everything

pytestmark = pytest.mark.usefixtures("unmeasured")

_HISTORIES = st.lists(ACTS, max_size=25)


def _play_all(index: Index, acts: list[Act], *, repeated: bool) -> None:
    told = losing_replies(index, lambda _function: None) if repeated else index
    past = Past(Driver(told))
    for one in acts:
        one(past)
    ask_everything(past)


def _examples(usual: int) -> int:
    return int(os.environ.get("SELECTOR_HISTORIES", usual))  # noqa: TID251 - of the test run


def test_every_selector_means_what_the_history_says_on_fakeredis() -> None:
    """Now and as of every moment; also when each call was made twice."""

    @settings(
        max_examples=_examples(100),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(acts=_HISTORIES, repeated=st.booleans())
    def play(acts: list[Act], repeated: bool) -> None:  # noqa: FBT001 - drawn
        _play_all(fake_index(), acts, repeated=repeated)

    play()


def test_every_selector_means_what_the_history_says_on_valkey(valkey_url: str) -> None:
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
