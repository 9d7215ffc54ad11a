"""The one worker of the demo: a real Celery worker process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from raincheck.settings import Settings, environment_of
from raincheck_contracts.errors import WorkerProcessError

_PATIENCE = 60.0  # seconds for anything that the worker shall do
_PAUSE = 0.05
_END = 10.0  # seconds to end by itself
_TAIL = 12  # lines of its log


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A running worker."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that the worker brings about.

        Args:
            condition: whether it has happened.
            what: in words, for the error.

        Raises:
            WorkerProcessError: the worker has ended, or it takes too long.
        """
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            status = self.process.poll()
            if status is not None:
                problem = f"the worker ended with status {status} before {what}"
                raise WorkerProcessError(problem, str(self.log))
            if time.monotonic() > deadline:
                problem = f"not within {_PATIENCE:g} s: {what}"
                raise WorkerProcessError(problem, str(self.log))
            time.sleep(_PAUSE)

    def log_tail(self) -> str:
        """The last lines of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            return f"({error})"
        return "\n".join(lines[-_TAIL:])


@contextmanager
def worker_process(settings: Settings, module: str) -> Generator[WorkerProcess]:
    """Start a worker for a module; it has ended afterwards.

    Args:
        settings: where index and blobs are.
        module: with the steps.

    Raises:
        OSError: it cannot be started.
    """
    log = settings.home / "worker.log"
    options = ["--concurrency=2", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - no shell, this very Python
            [
                *(sys.executable, "-m", "celery", "-A", "raincheck_workers"),
                *("worker", "-I", module, *options),
            ],
            cwd=settings.home,  # a user's folder may hold a celery.py
            env=environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    try:
        yield WorkerProcess(process, log)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
