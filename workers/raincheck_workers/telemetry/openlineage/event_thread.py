"""Sends events from a thread, so that no step waits for whoever takes them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from openlineage.client.event_v2 import RunEvent
from typing_extensions import override

_log = logging.getLogger(__name__)

#: Events that wait while whoever takes them is slow; the next are dropped.
MOST = 1_000
#: Seconds between two log lines about events that were lost.
_QUIET = 60.0


class Client(Protocol):
    """What of OpenLineage's client is used."""

    def emit(self, event: RunEvent) -> None:
        """Send an event."""

    def close(self, timeout: float = ...) -> bool:
        """Send what is left, within seconds."""
        ...


class EventThread(threading.Thread):
    """Sends events in their order until stopped.

    Args:
        client: takes the events; only this thread uses it.
        most: events that wait at most.
    """

    def __init__(self, client: Client, most: int = MOST) -> None:
        super().__init__(name="raincheck-openlineage", daemon=True)
        self._client = client
        self._most = most
        self._waiting: deque[Callable[[], RunEvent]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._lost = 0
        self._told = float("-inf")

    def add(self, build: Callable[[], RunEvent]) -> None:
        """Take an event; it is dropped when too many wait.

        Args:
            build: makes it, in the thread.
        """
        with self._changed:
            if len(self._waiting) < self._most and not self._ended:
                self._waiting.append(build)
                self._changed.notify()
                return
            self._lost += 1
        self._tell("too many events wait")

    def stop(self, patience: float) -> None:
        """Send what is left, for so many seconds at most, and end the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self.is_alive():
            self.join(timeout=patience)
        with self._changed:
            self._lost += len(self._waiting)
            self._waiting.clear()
        if self._lost:
            self._told = float("-inf")
            self._tell("the worker ends")

    @override
    def run(self) -> None:
        while (build := self._next()) is not None:
            try:
                self._client.emit(build())
            except Exception as error:  # noqa: BLE001 - a view for others must not end work
                with self._changed:
                    self._lost += 1
                self._tell(f"{type(error).__name__}: {error}")
        self._close()

    def _next(self) -> Callable[[], RunEvent] | None:
        with self._changed:
            while not self._waiting and not self._ended:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting else None

    def _close(self) -> None:
        try:
            self._client.close(timeout=1.0)
        except Exception:  # noqa: BLE001 - nobody needs it any more
            _log.info("openlineage not closed", exc_info=True)

    def _tell(self, why: str) -> None:
        now = time.monotonic()
        with self._changed:
            if now - self._told < _QUIET or not self._lost:
                return
            self._told, lost, self._lost = now, self._lost, 0
        extra = {"action": "openlineage_lost", "lost": lost, "detail": why}
        _log.warning("openlineage events lost", extra=extra)
