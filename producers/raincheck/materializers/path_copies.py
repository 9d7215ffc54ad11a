"""Where loaded files and folders are put: private copies, removed with their owner."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_scope: ContextVar[list[Path] | None] = ContextVar("raincheck_path_copies", default=None)
_of_process: dict[int, Path] = {}


@contextmanager
def scoped_copies() -> Generator[None]:
    """Remove the copies that are loaded in this context when it ends.

    A worker wraps each step in it. Outside of such a context, copies go to a temporary
    folder that ends with the process.
    """
    copies: list[Path] = []
    token = _scope.set(copies)
    try:
        yield
    finally:
        _scope.reset(token)
        for copy in copies:
            shutil.rmtree(copy, ignore_errors=True)


def new_copy_folder() -> Path:
    """Make an empty folder, readable by this user only, for one copy.

    Returns:
        Its path.
    """
    scope = _scope.get()
    if scope is None:
        return Path(tempfile.mkdtemp(prefix="copy-", dir=_process_folder()))
    folder = Path(tempfile.mkdtemp(prefix="raincheck-copy-"))
    scope.append(folder)
    return folder


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
