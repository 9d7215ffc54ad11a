"""What can happen to versions, as strategies of Hypothesis; `version_history.py` acts it out."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.support.acts import act
from tests.support.version_history import Past

Act = Callable[[Past], None]

_METADATA = st.dictionaries(
    st.sampled_from(["a", "b"]), st.sampled_from([1, 2, 2.5, "x", 0.5]), max_size=2
)
_TAGS = st.lists(st.sampled_from(["t", "u"]), max_size=2, unique=True).map(tuple)
_PLACES = st.integers(0, 20)
_ALIASES = st.sampled_from(["production", "staging"])

#: One thing that happens.
ACTS: st.SearchStrategy[Act] = st.one_of(
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
)
