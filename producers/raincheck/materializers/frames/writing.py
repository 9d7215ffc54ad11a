"""A frame to an Arrow file: columns first, then index levels; labels beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from raincheck.materializers.base import DumpTarget
from raincheck.materializers.frames.encoding import (
    array_of,
    encode,
    encode_index,
    encode_numbers,
    maps_as_numbers,
)
from raincheck.materializers.frames.layout import OffsetRecorder, Offsets, find_runs
from raincheck.materializers.frames.notes import Note, NoteDict, note_of_label, refused
from raincheck.materializers.json_values import json_bytes
from raincheck.materializers.type_names import type_name
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArrayRun

_MEDIA_TYPE = "application/vnd.apache.arrow.file"
_METADATA_KEY = b"raincheck"
_MOST_IN_MANIFEST = 2048
_MOST_LABELS = 1024


def dump(value: Any, out: DumpTarget) -> None:
    """Write a frame or series.

    Raises:
        UnsupportedValueError: if anything of it would not come back.
    """
    if type(value) not in {pd.DataFrame, pd.Series}:
        raise refused(
            "value",
            f"{type_name(type(value))} would come back as a plain pandas object",
            "Store pandas.DataFrame(value)",
        )
    note, columns, notes, labels = _describe(value)
    levels, note["index"] = encode_index(value.index, "index")
    note["dtypes"] = _run_lengths(notes)
    text = json_bytes(note, "frame")
    names = _field_names(value, len(columns), len(levels))
    with out.part("data", _MEDIA_TYPE) as part:
        recorder = OffsetRecorder(part)
        _write(recorder, [*columns, *levels], names, {_METADATA_KEY: text})
    runs = find_runs(columns, notes, recorder.offsets)
    runs += _index_run(levels, note["index"], len(columns), recorder.offsets)
    if labels:
        with out.part("labels", _MEDIA_TYPE) as part:
            _write(part, labels, [f"level_{n}" for n in range(len(labels))], {})
    schema: NoteDict = {"rows": len(value), "columns": len(columns)}
    if len(text) <= _MOST_IN_MANIFEST:
        schema |= note
    schema["runs"] = [run.model_dump(mode="json") for run in runs]
    out.remember(schema, versions={"pandas": pd.__version__, "pyarrow": pa.__version__})


def _describe(value: Any) -> tuple[NoteDict, list[Any], list[Note], list[Any]]:
    note: NoteDict = {"rows": len(value)}
    attrs = dict(value.attrs)
    if attrs:
        json_bytes(attrs, "attrs")
        note["attrs"] = attrs
    if not value.flags.allows_duplicate_labels:
        note["unique"] = True
    labels: list[Any] = []
    if isinstance(value, pd.Series):
        note["name"] = note_of_label(value.name, "name of the series")
        encoded = [encode(array_of(value), f"series {value.name!r}")]
    else:
        labels, note["labels"] = _encode_labels(value.columns)
        encoded = _encode_columns(value)
    return note, [array for array, _ in encoded], [dtype for _, dtype in encoded], labels


def _encode_columns(frame: pd.DataFrame) -> list[tuple[Any, Note]]:
    kinds = set(frame.dtypes)
    dtype = kinds.pop() if len(kinds) == 1 else None
    if isinstance(dtype, np.dtype) and maps_as_numbers(dtype):
        # One transposition at most, instead of a strided walk for each column.
        block = np.ascontiguousarray(frame.to_numpy().T)
        return [(encode_numbers(row), dtype.str) for row in block]
    return [encode(array_of(column), f"column {label!r}") for label, column in frame.items()]


def _encode_labels(labels: Any) -> tuple[list[Any], NoteDict]:
    textual = type(labels) is pd.Index and (
        labels.dtype == object or isinstance(labels.dtype, pd.StringDtype)
    )
    texts: list[Any] = list(labels) if textual and len(labels) <= _MOST_LABELS else [None]
    if all(type(text) is str for text in texts) and sum(map(len, texts)) <= _MOST_LABELS:
        _, dtype = encode(array_of(labels), "column labels")
        name = note_of_label(labels.name, "name of the column labels")
        return [], {"kind": "text", "labels": texts, "dtype": dtype, "name": name}
    return encode_index(labels, "column labels")


def _run_lengths(notes: Sequence[Note]) -> list[JsonValue]:
    lengths: list[tuple[Note, int]] = []
    for note in notes:
        if lengths and lengths[-1][0] == note:
            lengths[-1] = (note, lengths[-1][1] + 1)
        else:
            lengths.append((note, 1))
    return [[note, count] for note, count in lengths]


def _field_names(value: Any, columns: int, levels: int) -> list[str]:
    # For other readers of the file only: duplicates and labels of other types are fine.
    labels = [value.name] if isinstance(value, pd.Series) else list(value.columns)
    names = [_printable(str(label)) for label in labels[:columns]]
    return names + [f"__index_{number}__" for number in range(levels)]


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _index_run(
    levels: list[Any], note: JsonValue, position: int, offsets: Offsets
) -> list[ArrayRun]:
    match note:
        case {"kind": "array", "dtype": dtype}:
            found = find_runs(levels, [dtype], offsets)
            return [run.model_copy(update={"start": position}) for run in found]
        case _:
            return []


def _write(sink: Any, arrays: list[Any], names: list[str], metadata: dict[bytes, bytes]) -> None:
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    schema = pa.schema(fields, metadata=metadata)
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)
