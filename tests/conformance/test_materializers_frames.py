"""The fidelity table of frames: each case comes back exactly, or is refused by name."""

import datetime as dt
import uuid
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from raincheck.blobs import LocalBlobStore, MemoryBlobStore
from raincheck.materializers import dump_value, load_value
from raincheck_contracts.errors import UnsupportedValueError

N = 6
DAYS = pd.date_range("2020-03-28", periods=N)
NAN = float("nan")


def objects(*cells: Any) -> pd.Series:
    """Make an object series of N cells, repeating `cells`."""
    return pd.Series([cells[n % len(cells)] for n in range(N)], dtype=object)


def arrow(cells: list[Any], dtype: Any) -> pd.Series:
    """Make a series of an Arrow dtype."""
    return pd.Series(pd.array(cells, dtype=pd.ArrowDtype(dtype)))


KEPT: dict[str, Any] = {
    **{
        dtype: np.arange(N).astype(dtype)
        for dtype in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    },
    **{dtype: np.arange(N).astype(dtype) for dtype in ["float16", "float32", "float64", "bool"]},
    "NaN": [1.0, NAN, np.inf, -np.inf, -0.0, NAN],
    **{f"datetime {unit}": DAYS.as_unit(unit) for unit in ("s", "ms", "us", "ns")},
    **{f"timedelta {unit}": (DAYS - DAYS[0]).as_unit(unit) for unit in ("s", "ms", "us", "ns")},
    "NaT": pd.Series(DAYS).where(np.arange(N) % 2 == 0),
    "zone": DAYS.tz_localize("Europe/Warsaw"),
    "UTC": DAYS.tz_localize("UTC"),
    "ZoneInfo UTC": DAYS.tz_localize(zoneinfo.ZoneInfo("UTC")),
    "fixed offset": DAYS.tz_localize(dt.timezone(dt.timedelta(minutes=-90))),
    "zone with NaT": pd.Series(DAYS.tz_localize("Asia/Tokyo")).where(np.arange(N) > 1),
    "period": pd.period_range("2020-01", periods=N, freq="M"),
    "week period with NaT": pd.PeriodIndex(["2020-01-01", None] * 3, freq="W-WED"),
    "interval": pd.interval_range(0, N),
    "float interval": pd.arrays.IntervalArray.from_arrays([0.0, NAN] * 3, [1.5, NAN] * 3, "both"),
    "time interval": pd.interval_range(pd.Timestamp("2020", tz="UTC"), periods=N),
    "str": pd.Series(["a", None, "żółw", "", "\0", "z"]),
    "str of Python": pd.Series(["a", None] * 3, dtype=pd.StringDtype("python", NAN)),
    "string of Arrow": pd.Series(["a", None] * 3, dtype=pd.StringDtype("pyarrow")),
    "string of Python": pd.Series(["a", None] * 3, dtype=pd.StringDtype("python")),
    **{
        dtype: pd.Series([1, None, 0] * 2, dtype=dtype)
        for dtype in ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]
    },
    **{dtype: pd.Series([1, None, 0] * 2, dtype=dtype) for dtype in ("Float32", "Float64")},
    "boolean": pd.Series([True, None, False] * 2, dtype="boolean"),
    "boolean without missing": pd.Series([True, False] * 3, dtype="boolean"),
    "category of str": pd.Categorical(["b", None, "a"] * 2, categories=["b", "a", "unused"]),
    "ordered category": pd.Categorical([3, 1, None] * 2, ordered=True),
    "category of floats": pd.Categorical([0.5, 1.5] * 3),
    "category of datetimes": pd.Categorical(DAYS),
    "category of objects": pd.Categorical([1] * N, pd.Index([1, 2], dtype=object)),
    "category of a range": pd.Categorical.from_codes([0, 1] * 3, pd.RangeIndex(2)),
    "pd.cut": pd.cut(np.arange(float(N)), 3),
    "pd.qcut": pd.qcut(np.arange(float(N)), 2),
    "all categories missing": pd.Categorical([None] * N),
    "object str": objects("a", "b"),
    "object str and None": objects("a", None),
    "object str and NaN": objects("a", NAN),
    "object str and NA": objects("a", pd.NA),
    "object bool and None": objects(*(True, None)),
    "object int": objects(1, -(2**63)),
    "object float": objects(0.5, NAN),
    "object float and None": objects(0.5, None),
    "object bytes": objects(b"\0a\0", b""),
    "object date": objects(dt.date(1, 1, 1), dt.date(2020, 2, 29)),
    "object Decimal": objects(Decimal("1.10"), Decimal("-2E+5"), Decimal("NaN")),
    "object None": objects(None),
    "object NaN": objects(NAN),
    "object NaT": objects(pd.NaT),
    "Arrow decimal": arrow([Decimal("1.10"), None] * 3, pa.decimal128(10, 2)),
    "Arrow list": arrow([[1], None, []] * 2, pa.list_(pa.int64())),
    "Arrow struct": arrow([{"a": 1}, None] * 3, pa.struct([("a", pa.int64())])),
    "Arrow string": arrow(["a", None] * 3, pa.string()),
    "Arrow date": arrow([dt.date(2020, 1, 1), None] * 3, pa.date32()),
    "Arrow zoned timestamp": arrow([pd.Timestamp("2020", tz="UTC")] * N, pa.timestamp("s", "UTC")),
    "Arrow dictionary": arrow(["a", None] * 3, pa.dictionary(pa.int8(), pa.string())),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "complex": ([1 + 2j] * N, "complex128.*real and imaginary"),
    "longdouble": (np.zeros(N, np.longdouble), "longdouble|float128|float96"),
    "sparse": (pd.arrays.SparseArray([0, 1] * 3), "Sparse.*to_dense"),
    "mixed int and str": (objects(1, "a"), "several types.*builtins.int.*builtins.str"),
    "bool and int": (objects(*(True, 1)), "several types"),
    "None and NaN": (objects("a", None, NAN), "NaN and None"),
    "dict cells": (objects({"a": 1}), "builtins.dict"),
    "list cells": (objects([1]), "builtins.list"),
    "tuple cells": (objects((1,)), "builtins.tuple"),
    "set cells": (objects({1}), "builtins.set"),
    "array cells": (objects(np.arange(2)), "numpy.ndarray"),
    "UUID cells": (objects(uuid.UUID(int=1)), "uuid.UUID"),
    "numpy cells": (objects(np.int64(1)), "numpy.int64"),
    "datetime cells": (objects(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)), "datetime.datetime"),
    "integers over 64 bits": (objects(2**70), "do not fit"),
    "half surrogate pair": (objects("\ud800"), "do not fit"),
    "half surrogate pair in str": (
        pd.Series(["\ud800"] * N, dtype=pd.StringDtype("python")),
        "not Unicode",
    ),
    "Arrow extension type": (arrow([b"0" * 16] * N, pa.uuid()), "Arrow extension type"),
    "big-endian": (np.arange(N, dtype=">i8"), ">i8"),
    "zone of dateutil": (DAYS.tz_localize("dateutil/Europe/Warsaw"), "time zone.*tz_convert"),
    "named offset": (
        DAYS.tz_localize(dt.timezone(dt.timedelta(hours=1), "CET")),
        "time zone.*tz_convert",
    ),
}


def round_trip(value: Any, inline_limit: int = 4096) -> Any:
    """Dump and load."""
    store = MemoryBlobStore()
    dumped = dump_value(value, store, inline_limit=inline_limit)
    return load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)


def assert_exact(loaded: Any, value: Any) -> None:
    """Assert that frames or series are equal in all that pandas compares, and cell types."""
    if isinstance(value, pd.Series):
        pd.testing.assert_series_equal(loaded, value, check_exact=True)
        pairs = [(loaded, value)]
    else:
        pd.testing.assert_frame_equal(loaded, value, check_exact=True, check_column_type=True)
        assert type(loaded.columns) is type(value.columns)
        assert loaded.columns.dtype == value.columns.dtype
        assert [*map(repr, loaded.columns)] == [*map(repr, value.columns)]
        columns = range(value.shape[1])
        pairs = [(loaded.iloc[:, n], value.iloc[:, n]) for n in columns]
    assert type(loaded.index) is type(value.index)
    assert loaded.index.names == value.index.names
    assert loaded.flags == value.flags
    assert loaded.attrs == value.attrs
    for one, other in pairs:
        assert one.dtype == other.dtype
        assert type(one.array) is type(other.array)
        assert [type(cell) for cell in one] == [type(cell) for cell in other]
        assert [str(cell) for cell in one] == [str(cell) for cell in other]


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("rows", [slice(None), slice(1, 4), slice(0, 0)], ids=["all", "some", "no"])
def test_column_comes_back(kind: str, rows: slice) -> None:
    """A column of a proven kind comes back, whole, sliced and without rows."""
    frame = pd.DataFrame({"x": KEPT[kind]}).iloc[rows]
    assert_exact(round_trip(frame), frame)
    assert_exact(round_trip(frame["x"]), frame["x"])


@pytest.mark.parametrize("kind", [kind for kind in KEPT if "float16" not in kind])
def test_index_comes_back(kind: str) -> None:
    """The same kinds serve as index and as column labels."""
    index = pd.Index(KEPT[kind], name="when")
    frame = pd.DataFrame({"x": np.arange(N)}, index=index)
    assert_exact(round_trip(frame), frame)


def test_all_kinds_fit_in_one_frame() -> None:
    """Columns of all kinds side by side keep their places, inline or in the store."""
    frame = pd.DataFrame(
        {
            kind: pd.Series(pd.array(KEPT[kind])) if kind == "bool with False" else KEPT[kind]
            for kind in KEPT
        }
    )
    assert_exact(round_trip(frame), frame)
    assert_exact(round_trip(frame, inline_limit=-1), frame)


@pytest.mark.parametrize("kind", REFUSED)
def test_lossy_column_is_refused_by_name(kind: str) -> None:
    """What would change is refused, with the column's name and an alternative."""
    values, message = REFUSED[kind]
    frame = pd.DataFrame({"fine": range(N), "bad one": pd.Series(values)})
    with pytest.raises(UnsupportedValueError, match=f"column 'bad one'.*{message}"):
        dump_value(frame, MemoryBlobStore())
    with pytest.raises(UnsupportedValueError, match=message):
        dump_value(pd.Series(values), MemoryBlobStore())


LABELS: dict[str, Any] = {
    "range": pd.RangeIndex(3),
    "stepped range": pd.RangeIndex(1, 7, 2),
    "integers": pd.Index([3, 1, 2]),
    "floats": pd.Index([0.5, 1.5, NAN]),
    "bools": pd.Index([True, False, True]),
    "str": pd.Index(["a", "b", "c"]),
    "objects": pd.Index(["a", "b", "c"], dtype=object),
    "duplicates": pd.Index(["a", "a", "b"]),
    "named": pd.Index(["a", "b", "c"], name="kind"),
    "named by number": pd.Index(["a", "b", "c"], name=7),
    "named by tuple": pd.Index(["a", "b", "c"], name=("x", 1)),
    "str with missing": pd.Index(["a", None, "c"]),
    "odd str": pd.Index(["", "ü", "a\0b"]),
    "datetimes": pd.date_range("2020", periods=3, freq="D"),
    "zoned": pd.date_range("2020", periods=3, freq="h", tz="UTC"),
    "timedeltas": pd.timedelta_range("1h", periods=3, freq="30min"),
    "periods": pd.period_range("2020", periods=3, freq="Q"),
    "intervals": pd.interval_range(0, 3),
    "categories": pd.CategoricalIndex(["x", "y", "x"]),
    "nullable": pd.Index([1, None, 3], dtype="Int64"),
    "two levels": pd.MultiIndex.from_product([["a"], [1, 2, 3]], names=["x", None]),
    "unused levels": pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]])[:3],
    "missing codes": pd.MultiIndex.from_tuples([("a", 1.5), (None, NAN), ("b", 2.5)]),
    "dated level": pd.MultiIndex.from_product([["a"], pd.date_range("2020", periods=3)]),
    "ranged level": pd.MultiIndex(levels=[["a"], pd.RangeIndex(3)], codes=[[0] * 3, [0, 1, 2]]),
    "many long names": pd.Index([f"column {n} " + "x" * 600 for n in range(3)]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("dtype", ["float64", "str"])
def test_labels_come_back(kind: str, dtype: str) -> None:
    """Column labels and index keep their class, dtype, names and frequency."""
    labels = LABELS[kind]
    values = pd.DataFrame(np.arange(9.0).reshape(3, 3)).astype(dtype)
    values.columns = labels
    assert_exact(round_trip(values), values)
    values.index = labels
    assert_exact(round_trip(values), values)
    assert getattr(round_trip(values).index, "freq", None) == getattr(labels, "freq", None)
    assert getattr(round_trip(values).columns, "freq", None) == getattr(labels, "freq", None)
    for loaded, level in zip(
        getattr(round_trip(values).index, "levels", []), getattr(labels, "levels", []), strict=True
    ):
        pd.testing.assert_index_equal(loaded, level, exact=True)


def _with_attrs(**attrs: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"x": [1]})
    frame.attrs.update(attrs)
    return frame


REFUSED_WHOLES: dict[str, tuple[Any, str]] = {
    "mixed labels": (pd.DataFrame([[1, 2]], columns=[1, "a"]), "column labels.*several types"),
    "tuple labels": (
        pd.DataFrame([[1]], columns=pd.Index([("a", 1)], tupleize_cols=False)),
        "column labels.*builtins.tuple",
    ),
    "array in attrs": (
        _with_attrs(a=np.arange(1)),
        r"attrs\['a'\]",
    ),
    "subclass": (type("Own", (pd.DataFrame,), {})({"a": [1]}), "Own.*plain pandas object"),
    "frequency without a name": (
        pd.Series(range(3), pd.date_range("2020", periods=3, freq=pd.DateOffset(days=2))),
        "frequency.*freq = None",
    ),
    "categorical level": (
        pd.Series(range(2), pd.MultiIndex.from_arrays([pd.Categorical(["a", "b"]), [1, 2]])),
        "level 0.*categorical",
    ),
    "index of a foreign class": (
        pd.DataFrame({"x": [1]}, index=type("OwnIndex", (pd.RangeIndex,), {})(1)),
        "index: an index of class.*OwnIndex",
    ),
    "categories that are tuples": (
        pd.Series(pd.Categorical.from_codes([0], pd.Index([("a", 1)], tupleize_cols=False))),
        "categories of series.*builtins.tuple",
    ),
    "name that is a date": (pd.Series([1], name=dt.date(2020, 1, 1)), "name of the series.*str"),
}


@pytest.mark.parametrize("kind", REFUSED_WHOLES)
def test_lossy_frame_is_refused(kind: str) -> None:
    """Labels, names, attrs and classes that would change are refused too."""
    value, message = REFUSED_WHOLES[kind]
    with pytest.raises(UnsupportedValueError, match=message):
        dump_value(value, MemoryBlobStore())


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame(),
        pd.DataFrame(index=["a", "b"]),
        pd.DataFrame(columns=["a", "b"]),
        pd.Series([], dtype=float),
        pd.Series([1], name=np.int64(3)),
        pd.Series([1], name=("a", 1)),
        pd.Series([1, 2]).set_flags(allows_duplicate_labels=False),
        pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    ],
    ids=str,
)
def test_corner_cases_come_back(value: Any) -> None:
    """Frames without columns or rows, odd names and flags are kept."""
    assert_exact(round_trip(value), value)


def test_attrs_come_back_independent() -> None:
    """Attributes of JSON values are kept, and not shared between loads."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"source": {"file": "x.csv", "rows": [1, 2]}}
    store = MemoryBlobStore()
    dumped = dump_value(frame, store)

    def load() -> Any:
        return load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)

    load().attrs["source"]["rows"].append(3)
    assert load().attrs == frame.attrs


@pytest.mark.parametrize("rows", [1, 7, 50_000])
@pytest.mark.parametrize("dtypes", [["f8"] * 5, ["f4"] * 3, ["f8", "i8", "i8", "f4", "f4", "f8"]])
def test_numeric_columns_are_mapped_as_blocks(tmp_path: Any, rows: int, dtypes: list[str]) -> None:
    """Neighbours of one dtype are one writable array over the file, not copies."""
    frame = pd.DataFrame({n: np.arange(rows).astype(dtype) + n for n, dtype in enumerate(dtypes)})
    store = LocalBlobStore(tmp_path)
    dumped = dump_value(frame, store, inline_limit=-1)
    loaded: Any = load_value(dumped.manifest, dumped.digest, store)
    assert_exact(loaded, frame)
    same = [n for n in range(len(dtypes) - 1) if dtypes[n] == dtypes[n + 1]]
    for position in same:
        left, right = (loaded.iloc[:, n].to_numpy() for n in (position, position + 1))
        step = right.__array_interface__["data"][0] - left.__array_interface__["data"][0]
        assert 0 < step < left.nbytes + 64
    if len(set(dtypes)) == 1:
        assert np.shares_memory(loaded.to_numpy(), loaded.iloc[:, 0].to_numpy())
    loaded.iloc[0, 0] = -5
    loaded += 1
    assert_exact(load_value(dumped.manifest, dumped.digest, store), frame)


def test_unevenly_spaced_and_shared_columns_come_back() -> None:
    """Marks of missing times between the columns, and memory used twice, do not shift them."""
    full = pd.Series(DAYS)
    gappy = full.where(np.arange(N) != 2)
    times = pd.concat([full, gappy, full + pd.Timedelta(days=1), gappy, full], axis=1)
    assert_exact(round_trip(times), times)
    numbers = np.arange(2.0 * N)
    shared = pd.DataFrame({"x": numbers[:N], "y": numbers[:N], "z": numbers[N:]}, copy=False)
    shared["views"] = pd.Series(numbers.view("M8[ns]")[:N], copy=False)
    assert_exact(round_trip(shared), shared)


def test_loaded_extension_columns_can_be_changed() -> None:
    """Nothing that is loaded is read-only, whatever its dtype."""
    for kind in ("zone", "Int64", "boolean", "category of str", "str", "period", "NaT", "bool"):
        loaded = round_trip(pd.DataFrame({"x": KEPT[kind]}))
        loaded.iloc[0, 0] = loaded.iloc[2, 0]
        assert loaded.iloc[0, 0] == loaded.iloc[2, 0]


def test_file_is_plain_arrow_for_other_readers() -> None:
    """Any Arrow reader sees the columns, with missing times as nulls."""
    store = MemoryBlobStore()
    dumped = dump_value(
        pd.DataFrame({"when": KEPT["NaT"], "x": KEPT["Int64"]}), store, inline_limit=-1
    )
    part = dumped.manifest.parts[0]
    with pa.ipc.open_file(pa.py_buffer(store.open(part.digest, part.size).buffer())) as file:
        table = file.read_all()
    table.validate(full=True)
    assert table.column_names == ["when", "x"]
    assert table["when"].null_count == 3
    assert table["x"].to_pylist() == [1, None, 0] * 2


def test_wide_frame_has_a_small_manifest() -> None:
    """Thousands of columns do not make the index large."""
    frame = pd.DataFrame(np.zeros((3, 3000)), columns=[f"c{n}" for n in range(3000)])
    dumped = dump_value(frame, MemoryBlobStore())
    assert len(dumped.manifest.canonical_json()) < 2048
    mixed = pd.DataFrame({f"c{n}": [n] if n % 2 else [str(n)] for n in range(700)})
    assert len(dump_value(mixed, MemoryBlobStore()).manifest.canonical_json()) < 2048
    assert_exact(round_trip(mixed), mixed)
