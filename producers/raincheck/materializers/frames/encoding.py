"""One pandas array to one Arrow array, by dtype; only dtypes proven to come back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raincheck.materializers.frames.cells import encode_cells
from raincheck.materializers.frames.notes import (
    Note,
    NoteDict,
    note_of_freq,
    note_of_label,
    note_of_zone,
    refused,
)
from raincheck.materializers.type_names import type_name

_MASKED = (
    *(pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype, pd.BooleanDtype),
    *(pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype),
    *(pd.Float32Dtype, pd.Float64Dtype),
)
_NOT_A_TIME = np.iinfo(np.int64).min
_UNITS = {"s", "ms", "us", "ns"}
_WIDEST = 8  # bytes; Arrow has no wider floats


def encode(values: Any, where: str) -> tuple[Any, Note]:
    """Encode a column, index level or list of categories.

    Args:
        values: numpy array or pandas extension array.
        where: names it in errors.

    Returns:
        The Arrow array and the note from which `decoding.decode` rebuilds it exactly.

    Raises:
        UnsupportedValueError: if the dtype or a cell would not come back.
    """
    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        return _encode_numpy(values, where)
    encoder = _ENCODERS.get(type(dtype))
    if encoder is None:
        raise refused(
            where,
            f"dtype {dtype} ({type_name(type(dtype))}) is not known to come back as it is",
            _remedy(dtype),
        )
    return encoder(values, where)


def maps_as_numbers(dtype: Any) -> bool:
    """Tell whether a numpy dtype is one of Arrow's own integers or floats."""
    return dtype.kind in "iuf" and dtype.isnative and dtype.itemsize <= _WIDEST


def array_of(values: Any) -> Any:
    """Give what lies in a Series or Index: a numpy array, or pandas' own array class."""
    return values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array


def encode_numbers(values: Any) -> Any:
    """Wrap a contiguous array of integers or floats, without a copy; NaN stays NaN."""
    arrow_type = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(arrow_type, len(values), [None, pa.py_buffer(values)])


def encode_index(index: Any, where: str) -> tuple[list[Any], NoteDict]:
    """Encode the index or the column labels of a frame.

    Args:
        index: of one of pandas' own classes.
        where: names it in errors.

    Returns:
        Its arrays (none for a range, one a level for a MultiIndex) and its note.

    Raises:
        UnsupportedValueError: if it would not come back.
    """
    if type(index) is pd.RangeIndex:
        name = note_of_label(index.name, where)
        bounds: list[Note] = [int(index.start), int(index.stop), int(index.step)]
        return [], {"kind": "range", "range": bounds, "name": name}
    if type(index) is pd.MultiIndex:
        return _encode_levels(index, where)
    if type(index).__module__.partition(".")[0] != "pandas":
        raise refused(
            where, f"an index of class {type_name(type(index))}", "Convert it with pandas.Index()"
        )
    array, dtype = encode(array_of(index), where)
    note: NoteDict = {"kind": "array", "dtype": dtype, "name": note_of_label(index.name, where)}
    freq = note_of_freq(index, where)
    if freq is not None:
        note["freq"] = freq
    return [array], note


def _encode_levels(index: Any, where: str) -> tuple[list[Any], NoteDict]:
    arrays: list[Any] = []
    levels: list[Note] = []
    for number, (level, codes) in enumerate(zip(index.levels, index.codes, strict=True)):
        place = f"{where}, level {number}"
        if isinstance(level.dtype, pd.CategoricalDtype):
            raise refused(place, "a categorical level", "Call reset_index(), or use plain values")
        held, note = encode_index(level, place)
        values = held[0] if held else encode_numbers(level.to_numpy())
        arrays.append(pa.DictionaryArray.from_arrays(_codes(np.asarray(codes)), values))
        levels.append(note)
    return arrays, {"kind": "multi", "levels": levels}


def _encode_numpy(values: Any, where: str) -> tuple[Any, Note]:
    dtype = values.dtype
    values = np.asarray(values)
    if dtype.kind == "O":
        return encode_cells(values, where)
    values = np.ascontiguousarray(values)
    if dtype.kind == "b":
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bitmap(values)]), dtype.str
    if maps_as_numbers(dtype):
        return encode_numbers(values), dtype.str
    if dtype.kind in "Mm" and dtype.isnative:
        unit = np.datetime_data(dtype)[0]
        if unit in _UNITS:
            kind = pa.timestamp(unit) if dtype.kind == "M" else pa.duration(unit)
            return _integers(values.view(np.int64), kind), dtype.str
    raise refused(where, f"Arrow has no type for dtype {dtype}", _remedy(dtype))


def _encode_categories(values: Any, where: str) -> tuple[Any, Note]:
    dtype = values.dtype
    held, note = encode_index(dtype.categories, f"categories of {where}")
    categories = held[0] if held else encode_numbers(dtype.categories.to_numpy())
    array = pa.DictionaryArray.from_arrays(
        _codes(np.ascontiguousarray(values.codes)), categories, ordered=bool(dtype.ordered)
    )
    return array, ["category", bool(dtype.ordered), note]


def _encode_intervals(values: Any, where: str) -> tuple[Any, Note]:
    left, note = encode(array_of(values.left), where)
    right, _ = encode(array_of(values.right), where)
    array = pa.StructArray.from_arrays([left, right], names=["left", "right"])
    return array, ["interval", values.dtype.closed, note]


def _encode_strings(values: Any, where: str) -> tuple[Any, Note]:
    dtype = values.dtype
    try:
        array = pa.array(values, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowException, UnicodeError) as error:
        raise refused(
            where, f"it holds text that is not Unicode: {error}", "Store bytes"
        ) from error
    return _whole(array), ["string", dtype.storage, "NA" if dtype.na_value is pd.NA else "NaN"]


def _encode_arrow(values: Any, where: str) -> tuple[Any, Note]:
    if "extension<" in str(values.dtype.pyarrow_dtype):
        raise refused(
            where,
            f"dtype {values.dtype} is an Arrow extension type",
            "Store its plain storage type",
        )
    return _whole(pa.array(values)), ["arrow"]


def _encode_zoned(values: Any, where: str) -> tuple[Any, Note]:
    dtype = values.dtype
    note: Note = ["tz", dtype.unit, note_of_zone(dtype.tz, where)]
    return _integers(values.asi8, pa.timestamp(dtype.unit, "UTC")), note


def _encode_periods(values: Any, where: str) -> tuple[Any, Note]:
    del where
    return _integers(values.asi8, pa.int64()), ["period", values.dtype.name[7:-1]]


def _encode_masked(values: Any, where: str) -> tuple[Any, Note]:
    del where
    dtype = values.dtype
    mask = np.asarray(values.isna())
    # What lies under the mask is chance: a fixed filler gives equal columns equal bytes.
    filled = values.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
    filled = np.ascontiguousarray(filled)
    present = _bitmap(~mask) if mask.any() else None
    if dtype.numpy_dtype.kind == "b":
        array = pa.Array.from_buffers(pa.bool_(), len(values), [present, _bitmap(filled)])
    else:
        arrow_type = pa.from_numpy_dtype(filled.dtype)
        array = pa.Array.from_buffers(arrow_type, len(values), [present, pa.py_buffer(filled)])
    return array, ["masked", dtype.name]


def _integers(values: Any, arrow_type: Any) -> Any:
    # Times as they are in memory; missing ones are marked for other readers of the file
    # and keep their sentinel below the mark, so that they can be mapped.
    values = np.ascontiguousarray(values)
    present = values != _NOT_A_TIME
    bitmap = None if present.all() else _bitmap(present)
    return pa.Array.from_buffers(arrow_type, len(values), [bitmap, pa.py_buffer(values)])


def _codes(codes: Any) -> Any:
    codes = np.ascontiguousarray(codes)
    present = codes >= 0
    bitmap = None if present.all() else _bitmap(present)
    arrow_type = pa.from_numpy_dtype(codes.dtype)
    return pa.Array.from_buffers(arrow_type, len(codes), [bitmap, pa.py_buffer(codes)])


def _bitmap(mask: Any) -> Any:
    return pa.py_buffer(np.packbits(mask, bitorder="little"))


def _whole(array: Any) -> Any:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _remedy(dtype: Any) -> str:
    if isinstance(dtype, pd.SparseDtype):
        return "Convert it with .sparse.to_dense(), or store a numpy array"
    if getattr(dtype, "kind", "") == "c":
        return "Store the real and imaginary parts as two columns, or a numpy array"
    return "Convert it with astype(), or store a numpy array"


# By the exact class: another package's subclass may hold more than Arrow gets to see.
_ENCODERS: dict[type, Callable[[Any, str], tuple[Any, Note]]] = {
    pd.DatetimeTZDtype: _encode_zoned,
    pd.PeriodDtype: _encode_periods,
    pd.CategoricalDtype: _encode_categories,
    pd.IntervalDtype: _encode_intervals,
    pd.StringDtype: _encode_strings,
    pd.ArrowDtype: _encode_arrow,
    **dict.fromkeys(_MASKED, _encode_masked),
}
