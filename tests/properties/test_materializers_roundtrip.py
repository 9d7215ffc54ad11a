"""Laws of storage, on values that Hypothesis makes up."""

import datetime as dt
import string
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from raincheck.blobs import MemoryBlobStore
from raincheck.materializers import dump_value, load_value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20
)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.floats(),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "str": TEXTS | st.none(),
    "string": TEXTS | st.none(),
    "Int64": st.integers(-(2**63), 2**63 - 1) | st.just(pd.NA),
    "boolean": st.booleans() | st.just(pd.NA),
    "datetime64[us]": st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)) | st.none(),  # noqa: DTZ001 - of no zone
    "category": st.sampled_from(string.ascii_letters),
}
ARRAYS = st.sampled_from(["?", "i1", "<u4", ">i8", "f2", "f8", "c16", "M8[s]", "S3", "U2"])


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Frames of a few columns of known dtypes, with labels that may repeat."""
    rows = draw(st.integers(0, 5))
    dtypes = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=6))
    columns = [
        pd.Series(draw(st.lists(COLUMNS[dtype], min_size=rows, max_size=rows)), dtype=dtype)
        for dtype in dtypes
    ]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    frame.columns = pd.Index(draw(st.lists(TEXTS, min_size=len(dtypes), max_size=len(dtypes))))
    return frame


def round_trip(value: object, inline_limit: int) -> Any:
    """Dump and load, and dump again: the digest must not move."""
    store = MemoryBlobStore()
    dumped = dump_value(value, store, inline_limit=inline_limit)
    loaded = load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)
    assert dump_value(loaded, store, inline_limit=inline_limit).digest == dumped.digest
    return loaded


def exact(value: Any) -> Any:
    """Spell a JSON value with its types and the order of its keys."""
    if isinstance(value, dict):
        return ["dict", [(key, exact(member)) for key, member in value.items()]]
    if isinstance(value, list):
        return ["list", [exact(member) for member in value]]
    return type(value), repr(value)


@settings(max_examples=60, deadline=None)
@given(value=JSON, inline_limit=st.sampled_from([-1, 16, 4096]))
def test_json_values_come_back(value: Any, inline_limit: int) -> None:
    """Every JSON value comes back exact, types and order of keys included."""
    assert exact(round_trip(value, inline_limit)) == exact(value)


@settings(max_examples=40, deadline=None)
@given(frame=frames(), inline_limit=st.sampled_from([-1, 4096]))
def test_frames_come_back(frame: pd.DataFrame, inline_limit: int) -> None:
    """Every frame of known dtypes comes back exact."""
    loaded = round_trip(frame, inline_limit)
    pd.testing.assert_frame_equal(loaded, frame, check_exact=True)
    assert loaded.columns.dtype == frame.columns.dtype


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_arrays_come_back_to_the_bit(data: st.DataObject) -> None:
    """Every array comes back with its dtype, shape and each bit of its elements."""
    dtype = np.dtype(data.draw(ARRAYS))
    shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
    size = int(np.prod(shape)) * dtype.itemsize
    # Text must be text; for all else any bits will do.
    fill = (
        b"a\0\0\0" * size
        if dtype.kind == "U"
        else data.draw(st.binary(min_size=size, max_size=size))
    )
    fill = bytes(bit & 1 for bit in fill) if dtype.kind == "b" else fill
    array = np.frombuffer(fill[:size], dtype).reshape(shape)
    for value in (array, array.T, array[..., ::2] if shape else array):
        loaded = round_trip(value, -1)
        assert loaded.dtype == value.dtype
        assert loaded.shape == value.shape
        assert loaded.tobytes() == value.tobytes()
