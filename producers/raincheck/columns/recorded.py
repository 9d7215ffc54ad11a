"""The columns of a stored frame as its manifest records them, without reading bytes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from raincheck.materializers.frames.notes import Note, label_of_note, zone_of_note
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Manifest

# Wider frames are looked at when they are loaded.
_MOST_COLUMNS = 4096


@dataclass(frozen=True, slots=True)
class RecordedColumns:
    """A frame or series without rows that has the recorded names and dtypes."""

    empty: Any
    unknown: frozenset[str]
    """Columns whose dtype the manifest does not tell in full, and `index`."""


def recorded_columns(manifest: Manifest) -> RecordedColumns | None:
    """Rebuild names and dtypes.

    Args:
        manifest: of any version.

    Returns:
        None when the manifest does not tell them: no frame, too wide, labels that are not
        plain texts.
    """
    note = manifest.schema_
    dtypes = _dtypes(note.get("dtypes"))
    if dtypes is None:
        return None
    unknown: set[str] = set()
    index = _index(note.get("index"))
    if index is None:
        index, unknown = pd.RangeIndex(0), {"index"}
    if "labels" not in note:
        name = label_of_note(note.get("name"))
        return _series(name, dtypes, index, unknown)
    labels = _labels(note.get("labels"), len(dtypes))
    if labels is None:
        return None
    arrays = [_empty(dtype) for dtype in dtypes]
    unknown.update(str(label) for label, a in zip(labels, arrays, strict=True) if a is None)
    columns = {
        at: pd.Series(_object() if array is None else array, index=index)
        for at, array in enumerate(arrays)
    }
    frame = pd.DataFrame(columns, index=index)
    frame.columns = labels
    return RecordedColumns(frame, frozenset(unknown))


def _series(name: Any, dtypes: list[Note], index: Any, unknown: set[str]) -> RecordedColumns:
    array = _empty(dtypes[0])
    if array is None:
        unknown.add("" if name is None else str(name))
    values = _object() if array is None else array
    return RecordedColumns(pd.Series(values, index=index, name=name), frozenset(unknown))


def _dtypes(lengths: JsonValue) -> list[Note] | None:
    if not isinstance(lengths, list):
        return None
    notes: list[Note] = []
    for pair in lengths:
        match pair:
            case [note, int(count)] if len(notes) + count <= _MOST_COLUMNS:
                notes.extend([note] * count)
            case _:
                return None
    return notes


def _labels(note: JsonValue, count: int) -> Any:
    match note:
        case {"kind": "text", "labels": [*texts], "name": name} if len(texts) == count:
            return pd.Index(texts, name=label_of_note(name))
        case {"kind": "range", "range": [int(start), int(stop), int(step)], "name": name}:
            labels = pd.RangeIndex(start, stop, step, name=label_of_note(name))
            return labels if len(labels) == count else None
        case _:
            return None


def _index(note: JsonValue) -> Any:
    match note:
        case {"kind": "range", "name": name}:
            return pd.RangeIndex(0, name=label_of_note(name))
        case {"kind": "array", "dtype": dtype, "name": name}:
            array = _empty(dtype)
            return None if array is None else pd.Index(array, name=label_of_note(name))
        case {"kind": "multi", "levels": [*levels]}:
            known = [_index(level) for level in levels]
            if any(level is None for level in known):
                return None
            return pd.MultiIndex.from_arrays(known, names=[level.name for level in known])
        case _:
            return None


def _object() -> Any:
    return np.empty(0, dtype=object)


def _empty(note: Note) -> Any:
    """An array without elements; None where bytes would have to be read to know its dtype.

    Cells of objects are among these: pandera may look at the cells themselves.
    """
    match note:
        case str(dtype):
            return np.empty(0, dtype=dtype)
        case ["tz", str(unit), zone]:
            times = pd.DatetimeIndex(np.empty(0, f"<M8[{unit}]"), tz="UTC")
            return times.tz_convert(zone_of_note(zone)).array
        case ["period", str(freq)]:
            return pd.array([], dtype=pd.PeriodDtype(freq))
        case ["masked", str(name)]:
            return pd.array([], dtype=name)
        case ["string", str(storage), str(missing)]:
            na_value = pd.NA if missing == "NA" else np.nan
            return pd.array([], dtype=pd.StringDtype(storage, na_value))
        case _:
            return None
