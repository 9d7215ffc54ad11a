"""The columns of a recorded frame."""

from collections.abc import Iterator, Mapping

import numpy as np

from raincheck_contracts._base import JsonValue

_KINDS = {"tz": "datetime64", "category": "category"}


def columns_of(schema: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Name and type of each column; none of what is no frame, or too wide to be recorded.

    Args:
        schema: of a manifest.
    """
    types = list(_types(schema.get("dtypes")))
    match schema:
        case {"labels": {"kind": "text", "labels": list(names)}} if len(names) == len(types):
            return [(str(name), kind) for name, kind in zip(names, types, strict=True)]
        case {"name": name} if len(types) == 1 and "labels" not in schema:
            return [("" if name is None else str(name), types[0])]
        case _:
            return []


def rows_of(schema: Mapping[str, JsonValue]) -> int | None:
    """How many rows a frame has; None of what is none."""
    rows = schema.get("rows")
    return rows if isinstance(rows, int) and "dtypes" in schema else None


def _types(lengths: JsonValue) -> Iterator[str]:
    """The types of all columns; they are recorded as runs of equal ones."""
    for run in lengths if isinstance(lengths, list) else ():
        match run:
            case [note, int(count)]:
                yield from [_type(note)] * count
            case _:
                return


def _type(note: JsonValue) -> str:
    if isinstance(note, list) and note:
        name = str(note[0])
        return _KINDS.get(name, name)
    try:
        return np.dtype(str(note)).name
    except TypeError:
        return str(note)
