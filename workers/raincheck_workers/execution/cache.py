"""Materialized values kept by digest, bounded in bytes."""

import threading
from collections import OrderedDict

#: Bytes of stored form that one process keeps decoded.
DEFAULT_LIMIT = 256 * 1024 * 1024


class MaterializedCache:
    """Least recently used values by key; each counts as many bytes as it has stored.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._used = 0
        self._values: OrderedDict[str, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> object | None:
        """The value kept under a key, or None."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: str, value: object, size: int) -> None:
        """Keep a value; drops the least recently used until the limit holds."""
        if size > self._limit:
            return
        with self._lock:
            if key in self._values:
                self._used -= self._values.pop(key)[1]
            self._values[key] = (value, size)
            self._used += size
            while self._used > self._limit:
                _, (_, dropped) = self._values.popitem(last=False)
                self._used -= dropped

    @property
    def used(self) -> int:
        """Bytes that the kept values count."""
        return self._used
