"""Attempts whose process was killed or has died: it can no longer tell how they ended.

They are told by a process of its own, started for them: the main process of a worker forks,
and a child that is forked while a thread here sends inherits locks that nobody releases.
"""

import json
import logging
import subprocess
import sys
import threading
import time
from collections import deque

from raincheck.index.replies import Holding
from raincheck.messaging.fork_guard import not_while_forking
from raincheck.settings import Settings, environment_of

_log = logging.getLogger(__name__)

_TELLER = "raincheck_workers.telemetry.openlineage.lost"
# Seconds in which deaths are gathered, and after which their teller is killed.
_GATHERED, _PATIENCE = 0.3, 30.0
#: Attempts that one teller is given, and that wait at most.
_AT_ONCE, _MOST = 100, 1_000


class LostAttempts:
    """Has them told; it returns at once.

    Args:
        settings: of the worker.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = environment_of(settings)
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, str, float, str]] = []
        # A process that dies is noticed in more ways than one.
        self._told: deque[Holding] = deque(maxlen=256)
        self._thread: threading.Thread | None = None

    def tell(self, held: Holding, why: str) -> None:
        """A process that held an attempt is gone.

        Args:
            held: the attempt; without its fence, it is the last one of the step.
            why: in words.
        """
        with self._lock:
            if held in self._told or len(self._waiting) >= _MOST:
                return
            self._told.append(held)
            self._waiting.append((held.member, held.fence, time.time(), why))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._tell_all, name="raincheck-lost", daemon=True
                )
                self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Wait until all are told, for so many seconds at most."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout=patience)

    def _tell_all(self) -> None:
        while True:
            time.sleep(_GATHERED)  # those that die together share one teller
            with self._lock:
                taken, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                if not taken:
                    self._thread = None
                    return
            try:
                self._run_teller(json.dumps(taken))
            except (OSError, subprocess.SubprocessError):
                extra = {"action": "lost_untold"}
                _log.warning("lost attempts not told", exc_info=True, extra=extra)

    def _run_teller(self, lost: str) -> None:
        # By argument and not by a pipe, whose end a child that is forked now would keep open.
        with not_while_forking():
            teller = subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours
                [sys.executable, "-m", _TELLER, lost],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
            )
        try:
            teller.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            teller.kill()
            teller.wait()
            raise
