"""The demo's own home folder, and the end of the server that runs in it."""

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from raincheck.embedded import release_server
from raincheck.embedded.locks import SERVER_LOCK, open_lock, try_lock
from raincheck_contracts.errors import ArgumentError

_END = 15.0  # seconds that the server has to write its data and end
_PAUSE = 0.02


@contextmanager
def demo_home(chosen: Path | None, *, keep: bool) -> Generator[Path]:
    """A folder in which nothing has happened yet; its server has ended afterwards.

    Args:
        chosen: a new or empty folder, which is kept; None makes a temporary one.
        keep: whether the temporary one is kept.

    Raises:
        ArgumentError: the chosen folder is not empty.
    """
    home = _fresh(chosen)
    try:
        yield home
    finally:
        release_server(home)
        _await_end(home)
        if chosen is None and not keep:
            shutil.rmtree(home, ignore_errors=True)


def _fresh(chosen: Path | None) -> Path:
    if chosen is None:
        return Path(tempfile.mkdtemp(prefix="raincheck-demo-"))
    if chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
        problem = f"{chosen} is not an empty folder"
        raise ArgumentError("--home", problem, "The demo needs a new one, without versions")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen.resolve()


def _await_end(home: Path) -> None:
    """Wait until nobody holds the server's lock: a folder in use must not be removed."""
    deadline = time.monotonic() + _END
    while home.is_dir() and time.monotonic() < deadline:
        with open(open_lock(home / SERVER_LOCK), "rb") as lock:  # noqa: PTH123 - a descriptor
            if try_lock(lock.fileno()):
                return
        time.sleep(_PAUSE)
