"""Where loaded files and folders are put: private copies, removed with their owner."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_current: ContextVar[Path | None] = ContextVar("raincheck_path_copies", default=None)
_of_process: dict[int, Path] = {}


@contextmanager
def copies_in(folder: Path) -> Generator[None]:
    """Put the copies that are loaded in this context below `folder`.

    A worker gives each step a folder of its own and removes it afterwards. Outside of such
    a context, copies go to a temporary folder that ends with the process.

    Args:
        folder: an existing folder.
    """
    token = _current.set(folder)
    try:
        yield
    finally:
        _current.reset(token)


def new_copy_folder() -> Path:
    """Make an empty folder, readable by this user only, for one copy.

    Returns:
        Its path.
    """
    return Path(tempfile.mkdtemp(prefix="copy-", dir=_current.get() or _process_folder()))


def _process_folder() -> Path:
    # By process id: a forked child must not put copies where its parent removes them.
    process = os.getpid()
    if process not in _of_process:
        folder = Path(tempfile.mkdtemp(prefix="raincheck-"))
        _of_process[process] = folder
        atexit.register(_remove, process, folder)
    return _of_process[process]


def _remove(process: int, folder: Path) -> None:
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)
