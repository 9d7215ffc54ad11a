"""The processes of a prefork pool, as its main process sees them."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class PoolProcesses:
    """Finds dead processes of a pool at once; Celery looks for them every five seconds.

    Args:
        pool: Celery's prefork pool.
        soon: has a function called in the thread of Celery's event loop.
    """

    def __init__(self, pool: Any, soon: Callable[[Callable[[], object]], object]) -> None:
        self._pool = pool
        self._soon = soon
        self._listed: dict[int, Any] = {}
        self._buried: dict[int, Any] = {}

    def living(self) -> set[int]:
        """Pids of the processes that live; the pool replaces the others soon."""
        processes = self._pool._pool  # noqa: SLF001 - Celery has no public list
        if processes is None:  # the pool has ended, and all of its processes
            return set()
        pool: list[Any] = list(processes._pool)  # noqa: SLF001 - nor billiard
        listed = {process.pid: process for process in pool if process.pid}
        before, self._listed = self._listed, listed
        gone = {pid: process for pid, process in before.items() if pid not in self._listed}
        self._buried = gone or self._buried
        living = {pid for pid in self._listed if not _has_ended(pid)}
        if len(living) < len(self._listed):
            self._soon(self._pool.maintain_pool)
        return living

    def ending(self, pid: int) -> str:
        """How a process has ended that `living` has just missed; empty when nobody knows."""
        process = self._listed.get(pid) or self._buried.get(pid)
        if process is None:
            return ""
        # The pool may have buried it before anybody looked; then it remembers.
        return _status(pid) or _words(process.exitcode)


def _has_ended(child: int) -> bool:
    """Whether a child process has ended; it is left for its pool to bury."""
    if sys.platform == "darwin":  # it has waitid from Python 3.13 on
        with suppress(ProcessLookupError):
            os.kill(child, 0)
            return False
        return True
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _status(child: int) -> str:
    """How a child has ended that nobody has buried yet."""
    if sys.platform == "darwin":
        return ""
    try:
        found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return ""
    if found is None:
        return ""
    return _words(found.si_status if found.si_code == os.CLD_EXITED else -found.si_status)


def _words(code: int | None) -> str:
    """An exit code as Python counts them: signals are below zero."""
    if code is None:
        return ""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"
