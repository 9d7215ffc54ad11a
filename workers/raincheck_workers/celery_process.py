"""Celery's programs as child processes: the demo's worker, and those of `raincheck dev`."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from raincheck.settings import Settings, environment_of

_END = 10.0  # seconds to end by itself


def start_celery(
    arguments: Sequence[str], settings: Settings, folder: Path, output: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    """Start `celery -A raincheck_workers ARGUMENTS`.

    Args:
        arguments: the program and its options.
        settings: those of the child, in place of this process's.
        folder: where it works.
        output: takes both its outputs.

    Raises:
        OSError: it cannot be started.
    """
    # -P: a user's folder may hold a celery.py.
    command = [sys.executable, "-P", "-m", "celery", "-q", "-A", "raincheck_workers", *arguments]
    return subprocess.Popen(  # noqa: S603 - no shell, this very Python
        command,
        cwd=folder,
        env={**environment_of(settings), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is ours to pass on
    )


def worker_arguments(modules: Sequence[str], concurrency: int, name: str) -> list[str]:
    """The arguments of a worker that is alone with its parent.

    Args:
        modules: with steps.
        concurrency: steps at once.
        name: Celery's node name, before the `@`.
    """
    return [
        *("worker", "-I", ",".join(modules), f"--concurrency={concurrency}"),
        *(f"--hostname={name}@%h", "--loglevel=INFO", "--without-gossip", "--without-mingle"),
    ]


def end_celery(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """End programs in good order; kill those that take too long, with their children."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
