"""An Arrow file back to the frame that was written."""

import json
from typing import Any

import pandas as pd
import pyarrow as pa

from raincheck.materializers.base import Parts
from raincheck.materializers.frames.decoding import (
    ArrowPart,
    count_arrays,
    decode,
    decode_index,
    index_of_array,
)
from raincheck.materializers.frames.layout import map_run, read_runs
from raincheck.materializers.frames.notes import Note, NoteDict, label_of_note, malformed
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArrayRun, Manifest
from raincheck_contracts.errors import BlobCorruptError, StoreError

# What pandas, numpy and Arrow raise when bytes and notes do not fit together.
_MISFITS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    pa.ArrowException,
)


def load(manifest: Manifest, parts: Parts) -> Any:
    """Map a frame or series.

    Raises:
        BlobCorruptError: if manifest and file do not fit together.
        BlobMissingError: if the store lacks a part.
    """
    try:
        return _load(manifest, parts)
    except StoreError:  # some of these are lookup and value errors too
        raise
    except _MISFITS as error:
        problem = f"it is not the frame that its manifest describes: {error}"
        raise BlobCorruptError(manifest.parts[0].digest, "the store", problem) from error


def _load(manifest: Manifest, parts: Parts) -> Any:
    stored = _StoredFrame(manifest, parts)
    note = stored.note
    index = stored.index()
    if "labels" in note:
        value: Any = stored.frame(index)
        value.columns = stored.labels()
    else:
        name = label_of_note(note.get("name"))
        values = stored.array(0)
        value = pd.Series(values, index=index, dtype=values.dtype, name=name, copy=False)
    attrs = note.get("attrs")
    if isinstance(attrs, dict):
        # A copy: the manifest may serve other loads.
        value.attrs = json.loads(json.dumps(attrs))
    if note.get("unique"):
        value.flags.allows_duplicate_labels = False
    return value


class _StoredFrame:
    """The parts of one stored frame; Arrow is asked only for what cannot be mapped."""

    def __init__(self, manifest: Manifest, parts: Parts) -> None:
        self._parts = parts
        self._arrow: ArrowPart | None = None
        self._runs = {run.start: run for run in read_runs(manifest.schema_.get("runs", []))}
        self.note = self._read_note(manifest.schema_)
        self._dtypes = _spelled_out(self.note.get("dtypes"))
        self._rows = _int(self.note.get("rows"))

    def frame(self, index: Any) -> pd.DataFrame:
        pieces: list[pd.DataFrame] = []
        single: dict[int, Any] = {}
        position = 0
        while position < len(self._dtypes):
            run = self._run(position)
            if run is not None and run.columns > 1:
                _collect(pieces, single)
                block = map_run(run, self._parts.buffer())
                pieces.append(pd.DataFrame(block.T, copy=False))
                position += run.columns
            else:
                single[position] = _as_they_are(self.array(position))
                position += 1
        _collect(pieces, single)
        if not pieces:
            return pd.DataFrame(index=index)
        value = pieces[0] if len(pieces) == 1 else pd.concat(pieces, axis=1)
        value.index = index
        return value

    def array(self, position: int) -> Any:
        """Give the column at `position`, one-dimensional."""
        run = self._run(position)
        if run is not None:
            return map_run(run, self._parts.buffer())[0]
        part = self.arrow
        return decode(part, part.column(position), self._dtypes[position])

    def index(self) -> Any:
        note = _dict(self.note.get("index"))
        first = len(self._dtypes)
        run = self._runs.get(first)
        if run is not None and run.rows == self._rows and note.get("kind") == "array":
            return index_of_array(map_run(run, self._parts.buffer())[0], note)
        count = count_arrays(note)
        if count == 0:
            return decode_index(None, [], note)
        arrays = [self.arrow.column(first + number) for number in range(count)]
        return decode_index(self.arrow, arrays, note)

    def labels(self) -> Any:
        note = _dict(self.note.get("labels"))
        match note:
            case {"kind": "text", "labels": [*texts], "dtype": dtype, "name": name}:
                return pd.Index(texts, dtype=_text_dtype(dtype), name=label_of_note(name))
            case _:
                count = count_arrays(note)
        if count == 0:
            return decode_index(None, [], note)
        part = ArrowPart(self._parts.buffer("labels"), check=self._parts.first("labels"))
        return decode_index(part, [part.column(number) for number in range(count)], note)

    @property
    def arrow(self) -> ArrowPart:
        if self._arrow is None:
            self._arrow = ArrowPart(self._parts.buffer(), check=self._parts.first())
        return self._arrow

    def _read_note(self, schema: dict[str, JsonValue]) -> NoteDict:
        if "dtypes" in schema:
            return schema
        return _dict(json.loads(self.arrow.metadata.get(b"raincheck", b"null")))

    def _run(self, position: int) -> ArrayRun | None:
        run = self._runs.get(position)
        if run is not None and (
            run.rows != self._rows
            or run.start + run.columns > len(self._dtypes)
            or run.dtype != self._dtypes[position]
        ):
            raise BlobCorruptError("frame", "the manifest", f"{run!r} does not fit its frame")
        return run


def _collect(pieces: list[pd.DataFrame], single: dict[int, Any]) -> None:
    if single:
        pieces.append(pd.DataFrame(single, copy=False))
        single.clear()


def _as_they_are(values: Any) -> Any:
    # The constructor of a frame would make text of objects that are all str.
    return pd.Series(values, dtype=object, copy=False) if values.dtype == object else values


def _spelled_out(lengths: JsonValue) -> list[Note]:
    notes: list[Note] = []
    if not isinstance(lengths, list):
        raise malformed(lengths)
    for pair in lengths:
        match pair:
            case [note, int(count)]:
                notes.extend([note] * count)
            case _:
                raise malformed(pair)
    return notes


def _text_dtype(note: Note) -> Any:
    match note:
        case ["string", str(storage), str(missing)]:
            return pd.StringDtype(storage, pd.NA if missing == "NA" else float("nan"))
        case ["object", *_]:
            return object
        case _:
            raise malformed(note)


def _dict(note: JsonValue) -> NoteDict:
    if not isinstance(note, dict):
        raise malformed(note)
    return note


def _int(note: JsonValue) -> int:
    if not isinstance(note, int):
        raise malformed(note)
    return note
