"""Which attempts the processes of a node hold, as these say themselves."""

import mmap
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

# A nonce is 16 hexadecimal digits; so many processes may a pool have.
_NONCE = 16
_SLOTS = 1_024


class Holdings:
    """Attempts by their nonces, in memory that forked children share with the main process.

    The heartbeat compares them with what the index believes. A process notes a nonce
    before it claims with it and until the attempt has ended, so an attempt that the index
    knows and nobody holds is one that nobody will end.

    Args:
        slot: which of a pool's processes this is, and None in the process that made this;
            None when there is no pool.
    """

    def __init__(self, slot: Callable[[], int | None] | None = None) -> None:
        self._slot = slot or (lambda: None)
        self._shared = mmap.mmap(-1, _NONCE * _SLOTS)
        self._own: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, nonce: str) -> Generator[None]:
        """This process holds the attempt that it claims with a nonce, in this context."""
        self._note(nonce)
        try:
            yield
        finally:
            self._forget(nonce)

    def holds(self, fence: str) -> bool:
        """Whether a process of this node says that it holds the attempt of a fence."""
        nonce = fence.rpartition(":")[2]
        with self._lock:
            return nonce in self._own or self._shared.find(nonce.encode(), 0) >= 0

    def empty(self) -> bool:
        """Whether no process of this node says that it holds anything."""
        with self._lock:
            return not self._own and not self._shared[:].strip(b"\0")

    def _note(self, nonce: str) -> None:
        slot = self._slot()
        if slot is None:  # threads of the main process, as many as it has
            with self._lock:
                self._own.add(nonce)
        else:
            self._write(slot, nonce.encode())

    def _forget(self, nonce: str) -> None:
        slot = self._slot()
        if slot is None:
            with self._lock:
                self._own.discard(nonce)
        else:
            self._write(slot, bytes(_NONCE))

    def _write(self, slot: int, nonce: bytes) -> None:
        at = _NONCE * (slot % _SLOTS)
        self._shared[at : at + _NONCE] = nonce
