"""The lock files of a home folder: the kernel drops a lock when its last holder dies, however.

users.lock   each process that uses the server holds it shared; the supervisor stops the server
             when it gets the lock exclusively, for then nobody is left
server.lock  held by the supervisor, which inherits it, locked, from whoever starts it
valkey/lock  held by the server process itself: no second server can use its data
"""

import os
import sys
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

USERS_LOCK: Final = "users.lock"
SERVER_LOCK: Final = "server.lock"


def open_lock(path: Path) -> int:
    """Open a lock file, creating it if need be; only this user may open it.

    Returns:
        A file descriptor that programs started later do not inherit, but forked children do.

    Raises:
        OSError: The file cannot be opened.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def try_lock(file: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; it stays locked until every copy of it is closed.

    Args:
        file: A file descriptor.
        shared: Whether others may hold the lock too, if they ask for it shared.

    Returns:
        Whether the lock was free.
    """
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one at a path: false once that was removed or replaced."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
