"""The notes that a frame leaves beside its Arrow columns, as plain JSON.

A note of an array names its pandas dtype, for example `"<f8"`, `["tz", "ns", [...]]` or
`["category", false, {...}]`; a note of an index tells its kind, names and arrays.
"""

import datetime as dt
import zoneinfo
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from raincheck.materializers.json_values import json_bytes
from raincheck.materializers.type_names import type_name
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import BlobCorruptError, UnsupportedValueError

Note: TypeAlias = JsonValue
NoteDict: TypeAlias = dict[str, JsonValue]


def refused(where: str, problem: str, remedy: str) -> UnsupportedValueError:
    """Make the error for a part of a frame that would not come back."""
    return UnsupportedValueError(where, problem, remedy)


def malformed(note: object) -> BlobCorruptError:
    """Make the error for a note that this version cannot read."""
    return BlobCorruptError("frame", "the manifest", f"it holds the note {note!r}")


def plain_dtype(text: str) -> np.dtype[Any]:
    """Read the name of a dtype whose elements are plain numbers or times.

    Raises:
        BlobCorruptError: if it is not one.
    """
    try:
        dtype = np.dtype(text)
    except TypeError as error:
        raise malformed(text) from error
    if dtype.kind not in "iufMm":
        raise malformed(text)
    return dtype


def note_of_label(label: object, where: str) -> Note:
    """Describe a name or label.

    Args:
        label: None, bool, int, finite float, str, a numpy number, or a tuple of these.
        where: names it in errors.

    Returns:
        The label itself, or a tagged list.

    Raises:
        UnsupportedValueError: for other labels.
    """
    if label is None or type(label) in {bool, int, str, float}:
        json_bytes(label, where)  # refuses NaN, huge integers and half surrogate pairs
        return label  # type: ignore[return-value]  # one of the JSON scalars
    if type(label) is tuple:
        return ["tuple", *[note_of_label(member, where) for member in label]]
    if isinstance(label, np.bool_ | np.integer):
        return ["numpy", label.dtype.str, label.item()]
    raise refused(
        where,
        f"the name {label!r} is of type {type_name(type(label))}",
        "Rename it to a str",
    )


def label_of_note(note: Note) -> Any:
    """Rebuild a name or label.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    match note:
        case ["tuple", *members]:
            return tuple(label_of_note(member) for member in members)
        case ["numpy", str(dtype), value]:
            return np.dtype(dtype).type(value)
        case list() | dict():
            raise malformed(note)
        case _:
            return note


def note_of_zone(zone: object, where: str) -> Note:
    """Describe a time zone: UTC, a fixed offset, or a zone of the IANA database.

    Raises:
        UnsupportedValueError: for zone classes of other packages.
    """
    if zone is dt.UTC:
        return ["offset", 0]
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        return ["zone", zone.key]
    if isinstance(zone, dt.timezone):
        seconds = int(zone.utcoffset(None).total_seconds())
        if repr(zone) == repr(dt.timezone(dt.timedelta(seconds=seconds))):
            return ["offset", seconds]
    raise refused(
        where,
        f"the time zone {zone!r} would come back as another object",
        "Convert it with tz_convert() to a zone name such as 'Europe/Berlin', or to UTC",
    )


def zone_of_note(note: Note) -> dt.tzinfo:
    """Rebuild a time zone.

    Raises:
        BlobCorruptError: if the note is unknown.
    """
    match note:
        case ["offset", 0]:
            return dt.UTC
        case ["offset", int(seconds)]:
            return dt.timezone(dt.timedelta(seconds=seconds))
        case ["zone", str(key)]:
            return zoneinfo.ZoneInfo(key)
        case _:
            raise malformed(note)


def note_of_freq(index: Any, where: str) -> str | None:
    """Describe the frequency of a datetime or timedelta index; None if it has none.

    Raises:
        UnsupportedValueError: if the frequency cannot be told by its name.
    """
    if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) or index.freq is None:
        return None
    text = str(index.freqstr)
    try:
        same = pd.tseries.frequencies.to_offset(text) == index.freq
    except ValueError:
        same = False
    if not same:
        raise refused(
            where,
            f"its frequency {index.freq!r} cannot be told by a name",
            "Drop it: frame.index.freq = None",
        )
    return text
