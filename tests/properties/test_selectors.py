"""Random histories of an artifact: every reference means what a naive reading of them says.

Asked at the end as of now, as of each revision, and as of each time; all references of a
question in one read. `SELECTOR_HISTORIES=10000` plays so many.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from tests.support.acts import act
from tests.support.driver import Driver
from tests.support.repeating import losing_replies
from tests.support.servers import fake_index, valkey_index
from tests.support.version_history import Past
from tests.support.version_questions import ask_everything

pytestmark = pytest.mark.usefixtures("unmeasured")

Act = Callable[[Past], None]

_METADATA = st.dictionaries(
    st.sampled_from(["a", "b"]), st.sampled_from([1, 2, 2.5, "x", 0.5]), max_size=2
)
_TAGS = st.lists(st.sampled_from(["t", "u"]), max_size=2, unique=True).map(tuple)
_PLACES = st.integers(0, 20)
_ALIASES = st.sampled_from(["production", "staging"])


_ACTS: list[st.SearchStrategy[Act]] = [
    *[act(Past.publish, named=st.booleans(), metadata=_METADATA, tags=_TAGS)] * 3,
    act(
        Past.publish_in_run,
        pipeline_name=st.sampled_from(["train", "tune"]),
        metadata=_METADATA,
        tags=_TAGS,
        count=st.integers(1, 2),
    ),
    *[act(Past.log, place=_PLACES, metadata=_METADATA)] * 2,
    act(Past.tag, place=_PLACES, tag=st.sampled_from(["t", "u"])),
    *[act(Past.move, place=_PLACES, alias=_ALIASES)] * 2,
    act(Past.promote, place=_PLACES, alias=_ALIASES, mode=st.sampled_from(["min", "max"])),
    *[act(Past.delete, place=_PLACES, force=st.booleans())] * 2,
]
_HISTORIES = st.lists(st.one_of(_ACTS), max_size=25)


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
        max_examples=_examples(50),
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
