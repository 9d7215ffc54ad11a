"""One Arrow array back to the pandas array that it was made from."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raincheck.materializers.frames.cells import decode_cells
from raincheck.materializers.frames.notes import (
    Note,
    NoteDict,
    label_of_note,
    malformed,
    plain_dtype,
    zone_of_note,
)
from raincheck_contracts.errors import BlobCorruptError

_MASKED_CLASSES = {"i": pd.arrays.IntegerArray, "f": pd.arrays.FloatingArray}


class ArrowPart:
    """A stored Arrow file, and the private, writable memory that it lies in.

    Arrow hands out read-only memory. The same bytes are reached through the writable view,
    so that loaded frames can be changed in place.
    """

    def __init__(self, view: memoryview, *, check: bool) -> None:
        """Open the file in `view`.

        Args:
            view: the whole file.
            check: whether to examine every offset and code: a forged file could otherwise
                make a reader look outside of it.

        Raises:
            BlobCorruptError: if it is no Arrow file of one batch.
        """
        self._view = view
        whole = pa.py_buffer(view)
        self._base = whole.address
        try:
            reader = pa.ipc.open_file(whole)
            self.metadata: dict[bytes, bytes] = reader.schema.metadata or {}
            self._batch = reader.get_batch(0)
            if check:
                self._batch.validate(full=True)
        except (pa.ArrowException, OSError, IndexError) as error:
            raise BlobCorruptError(
                "frame", "the store", f"it is not an Arrow file: {error}"
            ) from error

    def column(self, position: int) -> Any:
        """Give the Arrow array at `position`."""
        return self._batch.column(position)

    def numbers(self, array: Any, dtype: Any) -> Any:
        """Give the values of an Arrow array of fixed width as numpy array, not copied."""
        return self._numbers(array.buffers()[1], np.dtype(dtype), array.offset, len(array))

    def bits(self, array: Any) -> Any:
        """Give the values of a Boolean Arrow array."""
        return self._bits(array.buffers()[1], array.offset, len(array))

    def missing(self, array: Any) -> Any:
        """Give where an Arrow array has nulls."""
        present = array.buffers()[0]
        if present is None:
            return np.zeros(len(array), dtype=bool)
        return ~self._bits(present, array.offset, len(array))

    def _numbers(self, buffer: Any, dtype: Any, offset: int, length: int) -> Any:
        if length == 0:
            return np.empty(0, dtype)
        start = buffer.address - self._base + offset * dtype.itemsize
        if not 0 <= start <= self._view.nbytes - length * dtype.itemsize:
            raise BlobCorruptError("frame", "the store", "a column lies outside of its file")
        return np.ndarray((length,), dtype, buffer=self._view, offset=start)

    def _bits(self, buffer: Any, offset: int, length: int) -> Any:
        packed = self._numbers(buffer, np.dtype(np.uint8), 0, -(-(offset + length) // 8))
        unpacked = np.unpackbits(packed, count=offset + length, bitorder="little")
        return unpacked[offset:].view(bool)


def decode(part: ArrowPart, array: Any, note: Note) -> Any:
    """Rebuild a numpy or pandas array.

    Args:
        part: where `array` lies.
        array: the Arrow array.
        note: from `encoding.encode`.

    Returns:
        The array, of the same dtype as before.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    match note:
        case str(dtype):
            return part.bits(array) if dtype == "|b1" else part.numbers(array, plain_dtype(dtype))
        case ["tz", str(unit), zone]:
            times = pd.DatetimeIndex(part.numbers(array, f"<M8[{unit}]"), copy=False)
            return times.tz_localize("UTC").tz_convert(zone_of_note(zone)).array
        case ["period", str(freq)]:
            ordinals = part.numbers(array, "<i8")
            return pd.PeriodIndex.from_ordinals(ordinals, freq=freq).array
        case ["masked", str(name)]:
            return _decode_masked(part, array, name)
        case ["category" | "interval", *_]:
            return _decode_nested(part, array, note)
        case _:
            return _decode_cells(array, note)


def count_arrays(note: NoteDict) -> int:
    """Tell how many Arrow arrays the index of `note` was stored as.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    match note:
        case {"kind": "range"}:
            return 0
        case {"kind": "array"}:
            return 1
        case {"kind": "multi", "levels": [*levels]}:
            return len(levels)
        case _:
            raise malformed(note)


def decode_index(part: ArrowPart | None, arrays: list[Any], note: NoteDict) -> Any:
    """Rebuild an index.

    Args:
        part: where `arrays` lie; None for a range.
        arrays: from `encoding.encode_index`.
        note: from the same.

    Returns:
        The index, of the same class as before.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    match note:
        case {"kind": "range", "range": [int(start), int(stop), int(step)], "name": name}:
            return pd.RangeIndex(start, stop, step, name=label_of_note(name))
        case {"kind": "array", "dtype": dtype} if part is not None:
            return index_of_array(decode(part, arrays[0], dtype), note)
        case {"kind": "multi", "levels": [*levels]} if part is not None:
            return _decode_levels(part, arrays, levels)
        case _:
            raise malformed(note)


def index_of_array(values: Any, note: NoteDict) -> Any:
    """Make the index of decoded `values`, with the name and frequency of its note."""
    name = label_of_note(note.get("name"))
    index: Any = pd.Index(values, dtype=values.dtype, name=name, copy=False, tupleize_cols=False)
    if "freq" in note:
        if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
            raise malformed(note)
        index.freq = note["freq"]
    return index


def _decode_levels(part: ArrowPart, arrays: list[Any], notes: list[Note]) -> Any:
    levels: list[Any] = []
    codes: list[Any] = []
    for array, note in zip(arrays, notes, strict=True):
        if not isinstance(note, dict):
            raise malformed(note)
        levels.append(decode_index(part, [array.dictionary], note))
        codes.append(_codes(part, array))
    names = [level.name for level in levels]
    return pd.MultiIndex(levels=levels, codes=codes, names=names)


def _decode_nested(part: ArrowPart, array: Any, note: Note) -> Any:
    match note:
        case ["category", bool(ordered), dict(categories)]:
            index = decode_index(part, [array.dictionary], categories)
            dtype = pd.CategoricalDtype(index, ordered=ordered)
            return pd.Categorical.from_codes(_codes(part, array), dtype=dtype)
        case ["interval", "left" | "right" | "both" | "neither" as closed, inner]:
            left = decode(part, array.field(0), inner)
            right = decode(part, array.field(1), inner)
            return pd.arrays.IntervalArray.from_arrays(left, right, closed=closed)
        case _:
            raise malformed(note)


def _decode_cells(array: Any, note: Note) -> Any:
    match note:
        case ["string", str(storage), str(missing)]:
            na_value = pd.NA if missing == "NA" else np.nan
            return pd.StringDtype(storage, na_value).__from_arrow__(array)
        case ["object", str(kind), str(missing)]:
            return decode_cells(array, kind, missing)
        case ["arrow"]:
            return pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))
        case _:
            raise malformed(note)


def _decode_masked(part: ArrowPart, array: Any, name: str) -> Any:
    missing = part.missing(array)
    if name == "boolean":
        return pd.arrays.BooleanArray(part.bits(array), missing)
    dtype = plain_dtype(name.lower())
    return _MASKED_CLASSES["f" if dtype.kind == "f" else "i"](part.numbers(array, dtype), missing)


def _codes(part: ArrowPart, array: Any) -> Any:
    return part.numbers(array.indices, np.dtype(array.indices.type.to_pandas_dtype()))
