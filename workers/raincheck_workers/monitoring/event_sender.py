"""Sends Celery events from a thread, so that no step waits for the broker of its monitors."""

import logging
import threading
import time
from typing import Any

from celery import Celery
from typing_extensions import override

_log = logging.getLogger(__name__)

#: Seconds until an event is sent, with those that came meanwhile in one message.
PERIOD = 0.1
#: Seconds without events after a broker refused some.
REST = 10.0
#: Events kept while the broker is slow; more are dropped, as Celery's own are.
MOST = 1_000


class EventSender(threading.Thread):
    """Sends events for as long as its process lives.

    Args:
        app: whose broker takes them.
        hostname: Celery's name of the worker, that monitors show.
    """

    def __init__(self, app: Celery, hostname: str) -> None:
        super().__init__(name="raincheck-events", daemon=True)
        self._app = app
        self._hostname = hostname
        self._waiting: list[tuple[str, dict[str, object]]] = []
        self._lock = threading.Lock()
        self._soon = threading.Event()
        self._ended = threading.Event()

    def add(self, type_: str, *, soon: bool = False, **fields: object) -> None:
        """Take an event.

        Args:
            type_: such as `task-waiting`.
            soon: now, and not within a period.
            fields: of `celery.events.state.Task`; others are not shown.
        """
        with self._lock:
            if len(self._waiting) < MOST:
                self._waiting.append((type_, {"timestamp": time.time(), **fields}))
        if soon:
            self._soon.set()

    def stop(self) -> None:
        """Send what is left and end the thread."""
        self._ended.set()
        self._soon.set()
        if self.is_alive():
            self.join(timeout=2)

    @override
    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._send_while_it_goes()
            except Exception:  # noqa: BLE001 - a view for people must not end work
                _log.info("events refused", exc_info=True, extra={"action": "events_refused"})
                self._take()
                self._ended.wait(REST)

    def _send_while_it_goes(self) -> None:
        with self._app.connection_for_write() as connection:
            connection.connect()  # one try: `run` tries again
            dispatcher: Any = self._app.events.Dispatcher(
                connection, hostname=self._hostname, buffer_group=["task"], buffer_limit=MOST
            )
            while True:
                ended = self._ended.is_set()
                self._soon.wait(PERIOD)
                self._soon.clear()
                events = self._take()
                for type_, fields in events:
                    dispatcher.send(type_, **fields)
                if events:
                    dispatcher.flush()
                if ended:
                    return

    def _take(self) -> list[tuple[str, dict[str, object]]]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken
