"""A disk that is slow to sync."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.faults.server import ChaosServer
from tests.support.programs import missing, program
from tests.support.waiting import wait_until


@contextmanager
def slow_syncs(server: ChaosServer, seconds: float, notes: Path) -> Generator[None]:
    """In this context each sync of a server's disk takes longer.

    Args:
        server: that runs.
        seconds: more for each sync.
        notes: file for strace's list of the delayed calls.
    """
    delay = f"inject=fdatasync,fsync:delay_enter={seconds * 1e6:.0f}"
    command = [program("strace"), "-f", "-p", str(server.pid), "-o", str(notes)]
    with notes.with_suffix(".err").open("wb") as errors:
        tracer = subprocess.Popen(
            [*command, "-e", "trace=fdatasync,fsync", "-e", delay], stderr=errors
        )
    try:
        wait_until(lambda: tracer.poll() is not None or _is_traced(server.pid), 10)
        if tracer.poll() is not None:
            missing("permission to trace")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def _is_traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()
