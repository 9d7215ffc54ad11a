"""Nothing changes silently: what would not come back is refused, with place and remedy."""

import collections
import datetime as dt
import enum
import io
import pathlib
import zipfile
from decimal import Decimal
from typing import IO, Any, cast

import numpy as np
import pytest
from pydantic import BaseModel, Field, SecretStr, create_model
from typing_extensions import override

from raincheck.blobs import MemoryBlobStore
from raincheck.materializers import dump_value, load_value, register_materializer
from raincheck.materializers.base import DumpTarget, Parts
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import (
    DefinitionError,
    MaterializerNotFoundError,
    UnsupportedValueError,
)


class Colour(enum.StrEnum):
    """An enumeration of text."""

    RED = "red"


class Loose(BaseModel):
    """A model whose field takes anything."""

    anything: Any = None
    secret: SecretStr = SecretStr("")
    named: int = Field(default=0, alias="otherName")


def _cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


REFUSED: list[tuple[Any, str]] = [
    ((1, 2), "Declare several outputs, or use a list"),
    ([1, (2, 3)], r"value\[1\]"),
    ({"a": [{1: "x"}]}, r"value\['a'\]\[0\]: its key 1 is of type builtins.int"),
    ({"a": float("nan")}, r"value\['a'\]: JSON has no nan"),
    (float("inf"), "JSON has no inf"),
    ({"mse": np.float64(0.5)}, r"value\['mse'\].*numpy.float64.*\.item\(\)"),
    ([np.arange(3)], r"value\[0\].*numpy.ndarray"),
    ([b"x"], r"value\[0\]: a value of type builtins.bytes"),
    ({1, 2}, "builtins.set.*Use a list"),
    (Colour.RED, "Colour"),
    (collections.OrderedDict(a=1), "collections.OrderedDict"),
    (bytearray(b"x"), "builtins.bytearray"),
    ("\ud83d", "half a surrogate pair"),
    ({"\udc00": 1}, "half a surrogate pair"),
    (1 << 20_000, "20001 bits"),
    (_cycle(), "contains itself"),
    (np.array([object()]), "only be stored with pickle"),
    (np.array(["a"], dtype=np.dtypes.StringDType()), "only be stored with pickle"),
    (np.ma.masked_array([1.0], mask=[True]), "numpy.ma.MaskedArray"),
    (np.zeros(1, [("a", "i4")]).view(np.recarray), "recarray"),
    (np.zeros(1, np.dtype([("a", "i1"), ("b", "f8")], align=True)), "does not keep all"),
    (np.zeros(1, np.dtype("f8", metadata={"unit": "m"})), "does not keep all"),
    (Loose(anything=(1, 2)), "would come back as"),
    (Loose(anything=float("nan")), "would come back as"),
    (Loose(anything=object()), "cannot be read back"),
    (Loose(secret=SecretStr("key")), "would come back as"),
    (pathlib.Path("/no/such/file"), r"no such file or folder.*str\(path\)"),
    (pathlib.Path(), "does not end with a name"),
]


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_lossy_values_are_refused(value: Any, message: str) -> None:
    """The error names the place, what is wrong and what to do."""
    with pytest.raises(UnsupportedValueError, match=message):
        dump_value(value, MemoryBlobStore())


@pytest.mark.parametrize("value", [Decimal(1), dt.date(2020, 1, 1), object(), len, iter([])])
def test_unknown_types_are_refused_by_name(value: object) -> None:
    """Nothing is pickled unasked."""
    with pytest.raises(MaterializerNotFoundError, match=type(value).__name__):
        dump_value(value, MemoryBlobStore())


def test_model_with_aliases_is_kept() -> None:
    """Aliases play no part in storage."""
    value = Loose(otherName=5)
    store = MemoryBlobStore()
    dumped = dump_value(value, store)
    assert load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline) == value


def test_model_of_an_unknown_class_is_not_imported() -> None:
    """A class is taken from the annotation or from what is imported, never by its name."""
    store = MemoryBlobStore()
    dumped = dump_value(Loose(), store)
    foreign = dumped.manifest.model_copy(update={"type": "antigravity.Model"})
    with pytest.raises(UnsupportedValueError, match="Annotate the parameter"):
        load_value(foreign, dumped.digest, store, inline=dumped.inline)


def test_order_of_keys_is_kept() -> None:
    """A dict comes back with its keys in their order."""
    store = MemoryBlobStore()
    dumped = dump_value({"b": 1, "a": 2}, store)
    loaded: Any = load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)
    assert list(loaded) == ["b", "a"]


class Celsius:
    """A type that only a user's materializer knows."""

    def __init__(self, degrees: float) -> None:
        """Hold degrees."""
        self.degrees = degrees


class CelsiusMaterializer:
    """Stores temperatures as text."""

    name = "celsius"
    version = 2
    cacheable = False

    def handles(self, value: object) -> bool:
        """Whether it is a temperature."""
        return isinstance(value, Celsius)

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write it as text."""
        assert isinstance(value, Celsius)
        out.put(str(value.degrees).encode(), "text/plain")
        out.remember({"unit": "C"})

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Read the text."""
        assert manifest.schema_ == {"unit": "C"}
        assert annotation is Celsius
        return Celsius(float(bytes(parts.buffer())))

    def copy(self, value: object) -> object:
        """Give it as it is."""
        return value


def test_registered_materializer_is_used_for_its_type() -> None:
    """A user's materializer is found by value when dumping, by name when loading."""
    register_materializer(CelsiusMaterializer())
    register_materializer(CelsiusMaterializer())  # again: modules are imported twice
    store = MemoryBlobStore()
    dumped = dump_value(Celsius(21.5), store)
    assert dumped.manifest.materializer == "celsius@2"
    loaded = load_value(
        dumped.manifest, dumped.digest, store, inline=dumped.inline, annotation=Celsius
    )
    assert isinstance(loaded, Celsius)
    assert loaded.degrees == 21.5


class ArchiveMaterializer(CelsiusMaterializer):
    """Stores temperatures in a zip archive, written by a library straight into a part."""

    name = "celsius-zip"

    @override
    def dump(self, value: object, out: DumpTarget) -> None:
        """Write an archive, and show what a part refuses."""
        assert isinstance(value, Celsius)
        with out.part("data", "application/zip") as part:
            with zipfile.ZipFile(cast("IO[bytes]", part), "w") as archive:
                archive.writestr("degrees", str(value.degrees))
            part.close()
            assert part.closed
            with pytest.raises(ValueError, match="closed"):
                part.write(b"more")
        with pytest.raises(ValueError, match="'data' is written already"):
            out.put(b"again", "text/plain")

    @override
    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Read the archive."""
        with pytest.raises(KeyError):
            parts.buffer("other")
        with zipfile.ZipFile(io.BytesIO(parts.buffer())) as archive:
            return Celsius(float(archive.read("degrees")))


def test_libraries_write_straight_into_a_part() -> None:
    """A part is a file for libraries that only append."""
    register_materializer(ArchiveMaterializer())
    store = MemoryBlobStore()
    try:
        dumped = dump_value(Celsius(-3.0), store, inline_limit=10)
        loaded = load_value(dumped.manifest, dumped.digest, store)
    finally:
        register_materializer(CelsiusMaterializer())
    assert isinstance(loaded, Celsius)
    assert loaded.degrees == -3.0


def test_changed_class_is_told_from_damage() -> None:
    """A model whose class refuses a stored value names the class and the field."""
    store = MemoryBlobStore()
    dumped = dump_value(Loose(), store)
    strict = create_model("Loose", __module__=Loose.__module__, added=(int, ...))
    with pytest.raises(UnsupportedValueError, match=r"(?s)refuses it now.*added"):
        load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline, annotation=strict)


def test_name_of_a_materializer_belongs_to_one_class() -> None:
    """A second class under the same name and version would make old values ambiguous."""

    class Other(CelsiusMaterializer):
        name = "json"
        version = 1

    with pytest.raises(DefinitionError, match="JsonMaterializer"):
        register_materializer(Other())
    Other.name = "a@b"
    with pytest.raises(DefinitionError, match="hold @"):
        register_materializer(Other())


def test_value_of_an_unknown_materializer_names_it() -> None:
    """A worker that lacks a materializer says which."""
    store = MemoryBlobStore()
    dumped = dump_value(1, store)
    foreign = dumped.manifest.model_copy(update={"materializer": "parquet@7"})
    with pytest.raises(MaterializerNotFoundError, match="parquet@7"):
        load_value(foreign, dumped.digest, store, inline=dumped.inline)
