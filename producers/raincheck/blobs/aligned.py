"""Writes a file in large chunks that begin on chunk boundaries.

How a file was written decides how fast it can be mapped later: the kernel keeps it in
pages as large as the writes were. Measured for 200 MB, mapping and touching every page
takes 1 ms after aligned writes of 8 MiB, 3 ms after unaligned ones, 50 ms after 4 KiB.
"""

import os

CHUNK = 8 * 1024 * 1024
# The kernel cuts a call off just below 2 GiB; the next one would then begin unaligned.
_ONE_CALL = 64 * CHUNK


class AlignedFile:
    """A file descriptor to which bytes are appended, chunk by chunk."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pending = bytearray()
        self._written = 0

    def tell(self) -> int:
        """Bytes taken so far."""
        return self._written + len(self._pending)

    def write(self, view: memoryview) -> None:
        """Append `view` (of bytes).

        Raises:
            OSError: if the file system refuses.
        """
        missing = CHUNK - len(self._pending)
        if view.nbytes < missing:
            self._pending += view
            return
        # One call writes what is pending and the begin of `view`, without copying either.
        self._write_all([memoryview(self._pending), view[:missing]])
        self._pending = bytearray()
        rest = view[missing:]
        whole = rest.nbytes - rest.nbytes % CHUNK
        for start in range(0, whole, _ONE_CALL):
            self._write_all([rest[start : min(start + _ONE_CALL, whole)]])
        self._pending += rest[whole:]

    def flush(self) -> None:
        """Write the last, shorter chunk.

        Raises:
            OSError: if the file system refuses.
        """
        if self._pending:
            self._write_all([memoryview(self._pending)])
            self._pending = bytearray()

    def _write_all(self, views: list[memoryview]) -> None:
        total = sum(view.nbytes for view in views)
        done = os.writev(self._fd, views)
        self._written += done
        while done < total:
            # A short write: the disk filled up (the next call says so) or a signal came.
            left: list[memoryview] = []
            skip = done
            for view in views:
                left.append(view[min(skip, view.nbytes) :])
                skip = max(0, skip - view.nbytes)
            step = os.writev(self._fd, left)
            done += step
            self._written += step
