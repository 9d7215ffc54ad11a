"""The processes of a prefork pool, as its main process sees them."""

import os
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

    def living(self) -> set[int]:
        """Pids of the processes that live; the pool replaces the others soon."""
        processes = self._pool._pool  # noqa: SLF001 - Celery has no public list
        if processes is None:  # the pool has ended, and all of its processes
            return set()
        listed = {process.pid for process in list(processes._pool)}  # noqa: SLF001 - nor billiard
        living = {pid for pid in listed - {None} if not _has_ended(pid)}
        if listed - {None} - living:
            self._soon(self._pool.maintain_pool)
        return living


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
