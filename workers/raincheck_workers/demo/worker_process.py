"""The one worker of the demo: a real Celery worker process."""

import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from raincheck.settings import Settings
from raincheck_contracts.errors import WorkerProcessError
from raincheck_workers.celery_process import end_celery, start_celery, worker_arguments

_PATIENCE = 60.0  # seconds for anything that the worker shall do
_PAUSE = 0.05
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
    with log.open("wb") as out:
        process = start_celery(worker_arguments([module], 2, "demo"), settings, settings.home, out)
    try:
        yield WorkerProcess(process, log)
    finally:
        end_celery([process])
