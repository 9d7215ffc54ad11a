"""Object columns: only when all cells are of one exact type that Arrow keeps."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raincheck.materializers.frames.notes import Note, malformed, refused
from raincheck.materializers.type_names import type_name

_TYPES: dict[type, tuple[str, Any]] = {
    str: ("str", pa.large_string()),
    bytes: ("bytes", pa.large_binary()),
    bool: ("bool", pa.bool_()),
    int: ("int", pa.int64()),
    float: ("float", pa.float64()),
    dt.date: ("date", pa.date32()),
    Decimal: ("decimal", pa.large_string()),  # as text: the number of zeros stays
}
_MISSING: dict[str, Any] = {"None": None, "NaN": float("nan"), "NA": pd.NA, "NaT": pd.NaT}
_FROM_ARROW: dict[str, Callable[[Any], Any]] = {"decimal": Decimal}
_REMEDY = (
    "Convert it with astype(), for example to 'str', 'Int64' or an ArrowDtype, or store its "
    "cells as an output of their own"
)


def encode_cells(cells: Any, where: str) -> tuple[Any, Note]:
    """Encode an array of Python objects.

    Args:
        cells: numpy array of objects.
        where: names the column in errors.

    Returns:
        The Arrow array and the note `["object", kind, missing]`.

    Raises:
        UnsupportedValueError: if cells are of several types, of a type that would come
            back as another, or missing in several ways.
    """
    found = list(cells)
    types = {type(cell) for cell in found}
    missing = _missing_in(found, types)
    if len(missing) > 1:
        problem = f"missing cells are {' and '.join(sorted(missing))}, and would become one of them"
        raise refused(where, problem, "Use one of them: column.where(column.notna(), None)")
    cell_types = types - {type(_MISSING[name]) for name in missing}
    if len(cell_types) > 1:
        names = ", ".join(sorted(type_name(cls) for cls in cell_types))
        raise refused(where, f"an object column with cells of several types ({names})", _REMEDY)
    name = next(iter(missing), "None")
    if not cell_types:
        return pa.nulls(len(found)), ["object", "none", name]
    cls = cell_types.pop()
    if cls not in _TYPES:
        problem = f"an object column with cells of type {type_name(cls)}, which would change"
        raise refused(where, problem, _REMEDY)
    kind, arrow_type = _TYPES[cls]
    values = [None if _is_missing(cell, name) else cell for cell in found]
    if kind == "decimal":
        values = [None if cell is None else str(cell) for cell in values]
    try:
        array = pa.array(values, type=arrow_type, from_pandas=False)
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError) as error:
        raise refused(where, f"cells of type {kind} do not fit: {error}", _REMEDY) from error
    return array, ["object", kind, name]


def decode_cells(array: Any, kind: str, missing: str) -> Any:
    """Rebuild an array of Python objects.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    if missing not in _MISSING:
        raise malformed(["object", kind, missing])
    filler = _MISSING[missing]
    convert = _FROM_ARROW.get(kind, lambda cell: cell)
    result = np.empty(len(array), dtype=object)
    result[:] = [filler if cell is None else convert(cell) for cell in array.to_pylist()]
    return result


def _missing_in(cells: list[Any], types: set[type]) -> set[str]:
    missing: set[str] = set()
    if type(None) in types:
        missing.add("None")
    if type(pd.NA) in types:
        missing.add("NA")
    if type(pd.NaT) in types:
        missing.add("NaT")
    # NaN marks a missing cell unless all cells are floats.
    others = types - {float, type(None), type(pd.NA), type(pd.NaT)}
    if float in types and (others or not missing):
        floats = [cell for cell in cells if type(cell) is float]
        if all(cell != cell for cell in floats):  # noqa: PLR0124 - only NaN differs from itself
            missing.add("NaN")
    return missing


def _is_missing(cell: Any, name: str) -> bool:
    if name == "NaN":
        return type(cell) is float
    return cell is _MISSING[name]
