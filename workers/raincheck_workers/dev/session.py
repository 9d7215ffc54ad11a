"""Worker and Flower while they run: their lines, their end, a new worker for changed code."""

import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from rich.console import Console

from raincheck.deployment import Deployment
from raincheck_contracts.errors import WorkerProcessError
from raincheck_workers.celery_process import end_celery, start_celery
from raincheck_workers.dev.changes import WatchedModules
from raincheck_workers.dev.lines import pass_on

_PAUSE = 0.2  # seconds between two looks at children and files
_LAST_LINES = 2.0  # seconds for what an ended child has written
_STYLES = {"worker": "cyan", "flower": "magenta"}
# By name: not every system has SIGHUP.
_SIGNALS = [item for item in signal.Signals if item.name in {"SIGINT", "SIGTERM", "SIGHUP"}]


class Session:
    """The child processes of one `raincheck dev`.

    Args:
        deployment: of the children too.
        worker: arguments of Celery's command for the worker.
        flower: likewise; None starts none.
        console: takes their lines.
    """

    def __init__(
        self,
        deployment: Deployment,
        worker: Sequence[str],
        flower: Sequence[str] | None,
        console: Console,
    ) -> None:
        self._deployment = deployment
        self._worker = worker
        self._flower = flower
        self._console = console
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._threads: list[Thread] = []

    def run(self, watched: WatchedModules | None) -> None:
        """Run until Ctrl-C, SIGTERM or SIGHUP; then everything has ended.

        Args:
            watched: starts a new worker when these change; None never does.

        Raises:
            WorkerProcessError: a child ended by itself; the other has been ended too.
        """
        with _stop_asked() as stop:
            try:
                self._start("worker", self._worker)
                while not stop.wait(_PAUSE):
                    self._look(watched)
                self._console.print(f"ending {' and '.join(self._processes)}")
            finally:
                end_celery(list(self._processes.values()))
                for thread in self._threads:
                    thread.join(_LAST_LINES)

    def _start(self, name: str, arguments: Sequence[str]) -> None:
        settings = self._deployment.settings
        process = start_celery(arguments, settings, Path.cwd(), subprocess.PIPE)
        self._processes[name] = process
        self._threads.append(pass_on(process, name, _STYLES[name], self._console))

    def _look(self, watched: WatchedModules | None) -> None:
        if watched is not None and watched.changed():
            self._console.print("a module has changed: starting a new worker")
            end_celery([self._processes["worker"]])
            self._start("worker", self._worker)
        if self._flower is not None and "flower" not in self._processes and self._worker_is_up():
            self._start("flower", self._flower)
        for name, process in self._processes.items():
            # A worker whose changed module does not import waits for the next change.
            waits = watched is not None and name == "worker"
            if process.poll() is not None and not waits:
                problem = f"{name} ended by itself with status {process.returncode}"
                raise WorkerProcessError(problem, "above")

    def _worker_is_up(self) -> bool:
        """Flower looks for workers when it starts, and complains when there are none."""
        pid = self._processes["worker"].pid
        return any(f"-{pid}-" in node for node in self._deployment.index.records.nodes())


@contextmanager
def _stop_asked() -> Generator[Event]:
    """An event that the first signal sets; nothing is interrupted half done."""
    stop = Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)
