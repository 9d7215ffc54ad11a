"""A version's record comes back letter for letter, however it is kept."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from raincheck.index import Index
from raincheck.index.replies import BoundVersion
from raincheck_contracts.artifacts import Manifest, Part, VersionRecord
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import digest, new_version, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.servers import fake_index, valkey_index

ONE, OTHER = digest("one"), digest("other")

# What a form treats as special, among other text: digests, numbers, names of fields, marks.
_SPECIAL = [ONE, ONE[3:], "1000", "12", '","run":"', '"inputs":[', "\x01", "\x04", "%1", "100,200"]
_TEXT = st.lists(st.sampled_from(_SPECIAL) | st.text(max_size=5), max_size=4).map("".join)
_VALUE = st.recursive(
    _TEXT | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_PARTS = st.builds(
    Part,
    name=_TEXT,
    media_type=_TEXT,
    digest=st.sampled_from([ONE, OTHER]),
    size=st.integers(0, 10**15),
)
_MANIFESTS = st.builds(
    Manifest,
    type=_TEXT,
    bases=st.lists(_TEXT, max_size=2).map(tuple),
    materializer=_TEXT,
    parts=st.lists(_PARTS, min_size=1, max_size=2).map(tuple),
    schema=st.dictionaries(_TEXT, _VALUE, max_size=3),
    versions=st.dictionaries(_TEXT, _TEXT, max_size=2),
)
_RECORDS = st.builds(
    VersionRecord,
    digest=st.just(ONE),
    manifest=_MANIFESTS,
    run=st.none() | st.sampled_from(["run-1", "0123456789"]),
    step=st.none() | st.just("train"),
    output=st.none() | st.just("model"),
    inputs=st.lists(st.sampled_from(["a@1", "b@1000", "c@x"]), max_size=3).map(tuple),
)


def _comes_back(index: Index, record: VersionRecord) -> None:
    """Published by hand and by a run, it is read and resolved as it was written."""
    driver = Driver(index)
    by_hand = replace(new_version("model"), record=record)
    driver.index.versions.publish(nonce(), by_hand)
    run = driver.submit(pipeline(step("train", outputs=["model"])))
    ours = record.model_copy(update={"run": run})
    driver.finish(run, "train", replace(new_version("model", output="model"), record=ours))
    for version, written in (("1", record), ("2", ours)):
        found = index.records.version("model", version)
        assert found
        assert found.record == written
        (bound,) = index.versions.resolve([parse_reference(f"model@{version}")]).answers
        assert isinstance(bound, BoundVersion)
        assert bound.record == written


@given(_RECORDS)
def test_a_record_comes_back_as_it_was_written(record: VersionRecord) -> None:
    """Whatever stands in it."""
    _comes_back(fake_index(), record)


def test_a_record_comes_back_from_a_real_server(valkey_url: str) -> None:
    """Whatever stands in it."""

    @settings(max_examples=20)
    @given(_RECORDS)
    def play(record: VersionRecord) -> None:
        index = valkey_index(valkey_url)
        _comes_back(index, record)
        index.connection.close()

    play()
