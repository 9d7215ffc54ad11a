"""Forged manifests: whatever they say, loading fails with a Raincheck error, or is harmless."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from raincheck.blobs import MemoryBlobStore
from raincheck.materializers import Dumped, dump_value, load_value
from raincheck.materializers.frames.decoding import ArrowPart
from raincheck_contracts.artifacts import Part
from raincheck_contracts.errors import BlobCorruptError

STORE = MemoryBlobStore()
ARRAY = dump_value(np.arange(5.0), STORE, inline_limit=-1)
RECORDS = dump_value(np.zeros(3, [("a", "i4")]), STORE, inline_limit=-1)
FRAME = dump_value(
    pd.DataFrame(
        {
            "a": [1.5, 2.5],
            "b": [2.5, 3.5],
            "c": pd.Categorical(["x", None]),
            "d": pd.Series([1, None], dtype="Int64"),
            "e": ["x", "y"],
        },
        index=pd.MultiIndex.from_tuples([("p", 1), ("q", 2)]),
    ),
    STORE,
    inline_limit=-1,
)
SERIES = dump_value(pd.Series([1.5, 2.5], index=[3, 4], name="y"), STORE, inline_limit=-1)


def load_forged(dumped: Dumped, schema: dict[str, Any]) -> Any:
    """Load with parts of the schema replaced."""
    manifest = dumped.manifest.model_copy(update={"schema_": {**dumped.manifest.schema_, **schema}})
    return load_value(manifest, dumped.digest, STORE)


def run(**changes: Any) -> dict[str, Any]:
    """Give a schema whose first run is changed."""
    runs: Any = FRAME.manifest.schema_["runs"]
    return {"runs": [{**runs[0], **changes}]}


FORGED: list[tuple[Dumped, dict[str, Any]]] = [
    (ARRAY, {"dtype": "O"}),
    (ARRAY, {"dtype": "no dtype"}),
    (ARRAY, {"shape": [1_000_000]}),
    (ARRAY, {"shape": [-1]}),
    (ARRAY, {"offset": 10**9}),
    (ARRAY, {"offset": -8}),
    (FRAME, run(offset=10**9)),
    (FRAME, run(rows=3)),
    (FRAME, run(columns=50)),
    (FRAME, run(stride=10**9)),
    (FRAME, run(dtype="|O")),
    (FRAME, run(dtype="<i8")),
    (FRAME, run(dtype="?!")),
    (FRAME, run(start=4, columns=1)),
    (FRAME, {"runs": [{"start": 0}]}),
    (FRAME, {"runs": "none"}),
    (FRAME, {"rows": "two"}),
    (FRAME, {"rows": 3}),
    (FRAME, {"dtypes": "<f8"}),
    (FRAME, {"dtypes": ["<f8"]}),
    *[
        (FRAME, {"dtypes": [["<f8", 2], [note, 1], ["<f8", 2]]})
        for note in (
            *("|O", "?!", None, 5, ["category"], ["category", True, 3], ["unknown"]),
            *(["tz", "ns", ["zone"]], ["tz", "ns", ["zone", "No/Where"]], ["period", "?"]),
            *(["masked", "Object"], ["masked", "?"], ["interval", "right", "<f8"]),
            *(["object", "str", "what"], ["string", "what", "NA"]),
            *(["category", True, {"kind": "multi", "levels": [1]}],),
            *(["category", True, {"kind": "range", "range": [0, 0, 1], "name": None}],),
        )
    ],
    (FRAME, {"labels": {"kind": "what"}}),
    (
        FRAME,
        {
            "labels": {
                "kind": "text",
                "labels": ["a"],
                "dtype": ["string", "pyarrow", "NaN"],
                "name": None,
            }
        },
    ),
    (FRAME, {"labels": {"kind": "text", "labels": list("abcde"), "dtype": "<i8", "name": None}}),
    (FRAME, {"labels": {"kind": "range", "range": [0, 5], "name": None}}),
    (FRAME, {"labels": None}),
    (FRAME, {"index": {"kind": "array"}}),
    (FRAME, {"index": {"kind": "multi", "levels": [1, 2]}}),
    (FRAME, {"index": {"kind": "range", "range": [0, 5, 1], "name": None}}),
    (FRAME, {"index": {"kind": "range", "range": [0, 2, 1], "name": ["what"]}}),
    (FRAME, {"index": {"kind": "range", "range": [0, 2, 1], "name": {"a": 1}}}),
    (SERIES, {"index": {"kind": "array", "dtype": "<i8", "name": None, "freq": "D"}}),
]


@pytest.mark.parametrize(("dumped", "schema"), FORGED, ids=map(str, range(len(FORGED))))
def test_forged_manifest_is_refused(dumped: Dumped, schema: dict[str, Any]) -> None:
    """A manifest that does not describe the bytes gives a clear error."""
    with pytest.raises(BlobCorruptError):
        load_forged(dumped, schema)


@pytest.mark.parametrize("content", [b"", b"NaN", b"{", b"\xff", b"[" * 100_000, b"{}x"])
@pytest.mark.parametrize("value", [1, Ridge()], ids=["json", "estimator"])
def test_bytes_of_another_kind_are_refused(value: object, content: bytes) -> None:
    """Bytes that have the right digest and are still not the format give a clear error."""
    blob = STORE.put(content)
    part = Part(name="data", media_type="x/y", digest=blob.digest, size=blob.size)
    manifest = dump_value(value, STORE).manifest.model_copy(update={"parts": (part,)})
    with pytest.raises(BlobCorruptError, match=r"not JSON|not an estimator"):
        load_value(manifest, blob.digest, STORE)


def test_column_outside_of_the_file_is_refused() -> None:
    """Arrow buffers that claim to lie beyond the file are not followed."""
    view = STORE.open(FRAME.digest, FRAME.manifest.size).buffer()
    foreign = pa.array([1.5, 2.5])
    part = ArrowPart(view, check=True)
    with pytest.raises(BlobCorruptError, match="outside of its file"):
        part.numbers(foreign, "<f8")


def test_file_that_is_not_arrow_is_refused() -> None:
    """A frame's manifest over other bytes is refused."""
    manifest = FRAME.manifest.model_copy(
        update={"parts": ARRAY.manifest.parts, "schema_": {"runs": []}}
    )
    with pytest.raises(BlobCorruptError, match="not an Arrow file"):
        load_value(manifest, ARRAY.digest, STORE)


def test_header_of_records_is_read_without_a_schema() -> None:
    """Arrays of records are described by their own header, short or long."""
    assert "dtype" not in RECORDS.manifest.schema_
    many = np.zeros(2, [(f"field {n:05d}", "f4") for n in range(4000)])
    many["field 03999"] = 7
    dumped = dump_value(many, STORE, inline_limit=-1)
    np.testing.assert_array_equal(load_forged(dumped, {}), many, strict=True)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.sampled_from(["<f8", "range", "array", "multi", "kind", "zone", "O", "right"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(dumped=st.sampled_from([ARRAY, FRAME, SERIES]), data=st.data(), value=VALUES)
def test_any_manifest_gives_a_value_or_a_clear_error(
    dumped: Dumped, data: st.DataObject, value: Any
) -> None:
    """No manifest crashes the process or raises what no caller expects."""
    key = data.draw(st.sampled_from(sorted(dumped.manifest.schema_)))
    try:
        load_forged(dumped, {key: value})
    except BlobCorruptError as error:
        assert str(error)  # noqa: PT017 - a value is as good
