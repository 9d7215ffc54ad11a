"""What every materializer keeps, on one example of each kind of value."""

import math
import pathlib
import stat
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict
from sklearn.linear_model import LinearRegression

from raincheck.blobs import LocalBlobStore, MemoryBlobStore, digest_of
from raincheck.materializers import Dumped, dump_value, load_value, materializer_named
from raincheck_contracts.artifacts import Manifest, Part
from raincheck_contracts.errors import BlobCorruptError, BlobMissingError

NEVER_INLINE = -1


class Settings(BaseModel):
    """A model with nested values."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    alpha: float
    steps: list[int] = []
    child: "Settings | None" = None


def _estimator() -> LinearRegression:
    return LinearRegression().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 4.0])


def _frame(rows: int) -> pd.DataFrame:
    numbers = {name: np.arange(rows) * 0.5 for name in "abc"}
    return pd.DataFrame({**numbers, "text": ["x", None] * (rows // 2), "kind": range(rows)})


EXAMPLES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "bool": lambda: True,
    "int": lambda: -(2**70),
    "float": lambda: 0.1,
    "str": lambda: "zażółć\0\N{PILE OF POO}",
    "list": lambda: [1, 2.0, None, ["x"], {}],
    "dict": lambda: {"b": 1, "a": {"": []}},
    "large list": lambda: list(range(300_000)),
    "model": lambda: Settings(alpha=1e-9, steps=[3], child=Settings(alpha=2)),
    "manifest": lambda: dump_value(1, MemoryBlobStore()).manifest,
    "bytes": lambda: b"\0\xff" * 10,
    "large bytes": lambda: b"\0\xff" * 1_000_000,
    "numpy float": lambda: np.float64(0.1),
    "numpy int": lambda: np.int64(-1),
    "numpy bool": lambda: np.bool_(True),  # noqa: FBT003 - a value, not an option
    "numpy complex": lambda: np.complex64(1 + 2j),
    "numpy text": lambda: np.str_("ü"),
    "numpy date": lambda: np.datetime64("2020-02-29"),
    "array": lambda: np.arange(12, dtype=np.int16).reshape(3, 4),
    "array without dimensions": lambda: np.array(5.0),
    "empty array": lambda: np.zeros((0, 3), dtype=np.float32),
    "Fortran array": lambda: np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big-endian array": lambda: np.arange(3, dtype=">i4"),
    "text array": lambda: np.array(["a", "bcd"]),
    "date array": lambda: np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
    "records": lambda: np.array([(1, 2.5)], dtype=[("a", "i1"), ("b", "f8")]),
    "large array": lambda: np.arange(300_000.0),
    "frame": lambda: _frame(4),
    "large frame": lambda: _frame(100_000),
    "series": lambda: pd.Series([1.5, None], name="y", index=["p", "q"]),
    "estimator": _estimator,
}


@pytest.fixture(params=sorted(EXAMPLES))
def make(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """A function that makes one example, a new object each time."""
    return EXAMPLES[request.param]


@pytest.fixture
def store(tmp_path: pathlib.Path) -> LocalBlobStore:
    """An empty folder of blobs."""
    return LocalBlobStore(tmp_path / "blobs")


def load(dumped: Dumped, store: LocalBlobStore, annotation: object = None) -> Any:
    """Load what was dumped."""
    return load_value(
        dumped.manifest, dumped.digest, store, inline=dumped.inline, annotation=annotation
    )


def assert_same(loaded: Any, value: Any) -> None:
    """Assert that two values are equal in type and content, NaN being equal to itself."""
    assert type(loaded) is type(value)
    match value:
        case pd.DataFrame():
            pd.testing.assert_frame_equal(loaded, value, check_exact=True)
        case pd.Series():
            pd.testing.assert_series_equal(loaded, value, check_exact=True)
        case np.ndarray():
            assert loaded.dtype == value.dtype
            assert loaded.flags.f_contiguous == value.flags.f_contiguous
            np.testing.assert_array_equal(loaded, value, strict=True)
        case LinearRegression():
            assert loaded.get_params() == value.get_params()
            np.testing.assert_array_equal(loaded.coef_, value.coef_)
        case np.generic():
            assert loaded.dtype == value.dtype
            assert loaded == value or (loaded != loaded and value != value)  # noqa: PLR0124 - NaN
        case _:
            assert loaded == value


def spoil(value: Any) -> bool:
    """Change a value in place as far as its type allows; tell whether it could be."""
    match value:
        case list():
            value.append("spoiled")
        case dict():
            value["spoiled"] = True
        case pd.DataFrame():
            value.iloc[0, 0] = -1.0
        case pd.Series():
            value.iloc[0] = -1.0
        case np.ndarray() if value.size:
            value[...] = np.zeros_like(value)
        case LinearRegression():
            value.coef_[...] = -1.0
        case _:
            return False
    return True


@pytest.mark.parametrize("inline_limit", [4096, NEVER_INLINE])
def test_value_comes_back_equal_and_of_the_same_type(
    make: Callable[[], Any], store: LocalBlobStore, inline_limit: int
) -> None:
    """Dump and load give the same value, inline and through the store."""
    value = make()
    dumped = dump_value(value, store, inline_limit=inline_limit)
    assert (dumped.inline is None) == any(
        store.exists(part.digest) for part in dumped.manifest.parts
    )
    assert_same(load(dumped, store), value)


def test_equal_values_have_equal_digests(make: Callable[[], Any], store: LocalBlobStore) -> None:
    """The digest names the content: not the object, the store or the way it was kept."""
    first = dump_value(make(), store)
    second = dump_value(make(), MemoryBlobStore(), inline_limit=NEVER_INLINE)
    again = dump_value(load(first, store), MemoryBlobStore())
    assert first.digest == second.digest == again.digest
    assert first.manifest == second.manifest


@pytest.mark.parametrize("inline_limit", [4096, NEVER_INLINE])
def test_changing_a_loaded_value_changes_no_other(
    make: Callable[[], Any], store: LocalBlobStore, inline_limit: int
) -> None:
    """Loads are independent of each other and of the stored bytes."""
    value = make()
    dumped = dump_value(value, store, inline_limit=inline_limit)
    changed = load(dumped, store)
    if spoil(changed):
        assert_same(load(dumped, store), value)
    for part in dumped.manifest.parts if dumped.inline is None else ():
        path = store.open(part.digest, part.size).path
        assert path is not None
        assert digest_of(path.read_bytes()) == part.digest
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_copy_is_equal_and_independent(make: Callable[[], Any], store: LocalBlobStore) -> None:
    """A worker may keep a decoded value and hand out copies."""
    value = make()
    materializer = materializer_named(dump_value(value, store).manifest.materializer)
    copied = materializer.copy(value)
    assert_same(copied, value)
    if spoil(copied):
        assert_same(value, make())


def test_damaged_and_missing_bytes_are_refused(
    make: Callable[[], Any], store: LocalBlobStore
) -> None:
    """Bytes that were flipped, cut or removed never become a value."""
    dumped = dump_value(make(), store, inline_limit=NEVER_INLINE)
    part = dumped.manifest.parts[0]
    path = store.open(part.digest, part.size).path
    assert path is not None
    content = path.read_bytes()
    path.chmod(0o600)
    for damaged in (content[:-1], content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(BlobCorruptError):
            load(dumped, store)
    path.unlink()
    with pytest.raises(BlobMissingError):
        load(dumped, store)


def test_damaged_inline_bytes_are_refused(store: LocalBlobStore) -> None:
    """Bytes kept in the index are checked like blobs."""
    dumped = dump_value([1, 2], store)
    for damaged in (b"[1,3]", b"[1,2", b"[1,2] "):
        with pytest.raises(BlobCorruptError, match="hash to"):
            load_value(dumped.manifest, dumped.digest, store, inline=damaged)


def test_manifest_of_another_version_is_refused(store: LocalBlobStore) -> None:
    """A manifest belongs to one digest."""
    one, two = dump_value(1, store), dump_value(2, store)
    with pytest.raises(BlobCorruptError, match="its manifest belongs to"):
        load_value(two.manifest, one.digest, store, inline=two.inline)


def test_only_a_single_small_part_is_inline(store: LocalBlobStore) -> None:
    """The limit counts the bytes of the part, itself included."""
    exact, over = (
        dump_value("x" * 98, store, inline_limit=100),
        dump_value("x" * 99, store, inline_limit=100),
    )
    assert exact.inline == b'"' + b"x" * 98 + b'"'
    assert not store.exists(exact.digest)
    assert over.inline is None
    assert store.exists(over.digest)


def test_manifest_names_type_and_bases() -> None:
    """A reader can check annotations without the class."""
    manifest = dump_value(_estimator(), MemoryBlobStore()).manifest
    assert manifest.type == "sklearn.linear_model._base.LinearRegression"
    assert {"sklearn.base.RegressorMixin", "sklearn.base.BaseEstimator"} <= set(manifest.bases)
    assert manifest.versions.keys() == {"scikit-learn", "skops"}
    assert manifest.safety == "allowlist"
    assert Manifest.model_validate_json(manifest.canonical_json()) == manifest


def test_nan_scalar_comes_back(store: LocalBlobStore) -> None:
    """A metric that is not a number stays one, of its type."""
    loaded = load(dump_value(np.float64("nan"), store), store)
    assert type(loaded) is np.float64
    assert math.isnan(loaded)


def test_gaps_of_records_are_not_stored(store: LocalBlobStore) -> None:
    """Memory between the fields of a record neither leaks nor changes the digest."""
    dtype = np.dtype({"names": ["a"], "formats": ["u1"], "offsets": [0], "itemsize": 8})
    one, two = (np.full(3 * 8, filler, np.uint8).view(dtype) for filler in (1, 255))
    one["a"], two["a"] = 7, 7
    assert dump_value(one, store).digest == dump_value(two, store).digest


def test_reader_may_annotate_a_model(store: LocalBlobStore) -> None:
    """The class of a model is found in the annotation, in whatever form."""

    class Local(BaseModel):
        x: int

    dumped = dump_value(Local(x=1), store)
    assert load(dumped, store, annotation=Local | None) == Local(x=1)


def test_part_names_are_unique_and_known(store: LocalBlobStore) -> None:
    """The digest of several parts covers all of them, in order."""
    labels = [f"column {number:04d}" for number in range(2000)]
    dumped = dump_value(pd.DataFrame(np.zeros((2, 2000)), columns=labels), store)
    assert [part.name for part in dumped.manifest.parts] == ["data", "labels"]
    first, second = dumped.manifest.parts
    swapped = dumped.manifest.model_copy(update={"parts": (second, first)})
    assert isinstance(first, Part)
    with pytest.raises(BlobCorruptError):
        load_value(swapped, dumped.digest, store)
    assert load(dumped, store).columns.tolist() == labels
