"""Runs of numeric columns that lie evenly spaced in an Arrow file.

An uncompressed file of one batch has the values of its columns one after another. When
neighbouring columns have one dtype, they are one two-dimensional array already: it can be
mapped without asking Arrow, and estimators get it without a copy.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from pydantic import ValidationError
from typing_extensions import Buffer

from raincheck.materializers.base import PartWriter
from raincheck.materializers.frames.notes import Note, malformed, plain_dtype
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArrayRun
from raincheck_contracts.errors import BlobCorruptError

#: Address and size in bytes of memory that was written, to its place in the file.
Offsets: TypeAlias = dict[tuple[int, int], int]

_MOST_RUNS = 64  # more would make the manifest large, for little gain


class OffsetRecorder:
    """What Arrow needs of a file; it remembers where each column's memory went."""

    def __init__(self, part: PartWriter) -> None:
        """Pass everything on to `part`."""
        self._part = part
        self.offsets: Offsets = {}

    @property
    def closed(self) -> bool:
        """Whether Arrow closed the file."""
        return self._part.closed

    def write(self, data: Buffer) -> int:
        """Append bytes; an Arrow buffer shows the address that it came from."""
        address = getattr(data, "address", None)
        if isinstance(address, int):
            with memoryview(data) as view:
                self.offsets.setdefault((address, view.nbytes), self._part.tell())
        return self._part.write(data)


def find_runs(arrays: Sequence[Any], notes: Sequence[Note], offsets: Offsets) -> list[ArrayRun]:
    """Find the runs among the columns of a written frame.

    Args:
        arrays: the Arrow columns, in file order.
        notes: their notes.
        offsets: where the memory of the columns went.

    Returns:
        The runs in order; empty if there are too many to be worth keeping.
    """
    runs: list[ArrayRun] = []
    for position, (array, note) in enumerate(zip(arrays, notes, strict=True)):
        if not isinstance(note, str) or note == "|b1" or len(array) == 0:
            continue
        width = len(array) * np.dtype(note).itemsize
        offset = offsets.get((array.buffers()[1].address, width))
        if offset is None:
            continue
        one = ArrayRun(
            dtype=note,
            start=position,
            columns=1,
            rows=len(array),
            offset=offset,
            stride=width,
        )
        longer = _joined(runs[-1], one) if runs else None
        if longer is None:
            runs.append(one)
        else:
            runs[-1] = longer
    return runs if len(runs) <= _MOST_RUNS else []


def read_runs(notes: JsonValue) -> list[ArrayRun]:
    """Read the runs of a manifest.

    Raises:
        BlobCorruptError: if they are not runs.
    """
    if not isinstance(notes, list):
        raise malformed(notes)
    try:
        return [ArrayRun.model_validate(note) for note in notes]
    except ValidationError as error:
        raise malformed(notes) from error


def map_run(run: ArrayRun, view: memoryview) -> Any:
    """Give a run as an array of shape (columns, rows) over `view`, without a copy.

    Raises:
        BlobCorruptError: if it does not lie inside of `view`.
    """
    dtype = plain_dtype(run.dtype)
    end = run.offset + (run.columns - 1) * run.stride + run.rows * dtype.itemsize
    if end > view.nbytes:
        raise BlobCorruptError("frame", "the manifest", f"{run!r} does not fit its file")
    shape = (run.columns, run.rows)
    return np.ndarray(shape, dtype, view, run.offset, (run.stride, dtype.itemsize))


def _joined(run: ArrayRun, one: ArrayRun) -> ArrayRun | None:
    follows = run.start + run.columns == one.start and run.dtype == one.dtype
    last = run.offset + (run.columns - 1) * run.stride
    stride = one.offset - last
    if not follows or stride < one.stride or (run.columns > 1 and stride != run.stride):
        return None
    return run.model_copy(update={"columns": run.columns + 1, "stride": stride})
