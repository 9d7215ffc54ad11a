"""Dead processes of a pool, found at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

from raincheck_workers.liveness.pool_processes import PoolProcesses
from tests.support.waiting import wait_until


class _Process(subprocess.Popen[bytes]):
    """A process as billiard has it."""

    @property
    def exitcode(self) -> int | None:
        """How it ended, once it was waited for."""
        return self.returncode


def test_a_dead_process_is_found_and_left_to_be_buried() -> None:
    """The pool is asked to replace it, and can still read how it ended."""
    command = [sys.executable, "-c", "input()"]
    dies, lives = (_Process(command, stdin=subprocess.PIPE) for _ in range(2))
    pool = SimpleNamespace(
        _pool=SimpleNamespace(_pool=[dies, lives, SimpleNamespace(pid=None)]),
        maintain_pool=lambda: None,
    )
    asked: list[Callable[[], object]] = []
    processes = PoolProcesses(pool, asked.append)
    assert processes.living() == {dies.pid, lives.pid}
    assert asked == []
    os.kill(dies.pid, signal.SIGKILL)
    wait_until(lambda: processes.living() == {lives.pid})
    assert processes.ending(dies.pid) == "signal 9 (SIGKILL)"
    assert set(asked) == {pool.maintain_pool}
    assert dies.wait() == -signal.SIGKILL
    assert processes.living() == {lives.pid}
    assert processes.ending(lives.pid) == "", "it lives"
    lives.communicate(b"\n")
    assert dies.stdin is not None
    dies.stdin.close()


def test_how_a_buried_process_ended_is_still_known() -> None:
    """The pool may be the first to see it; then its own record is read."""
    buried = SimpleNamespace(pid=os.getpid(), exitcode=3)
    listed = [buried]
    pool = SimpleNamespace(_pool=SimpleNamespace(_pool=listed), maintain_pool=lambda: None)
    processes = PoolProcesses(pool, lambda _: None)
    processes.living()
    assert processes.ending(os.getpid()) == "exit status 3"
    listed.clear()
    processes.living()
    assert processes.ending(os.getpid()) == "exit status 3"
    assert processes.ending(1) == "", "never one of the pool"
