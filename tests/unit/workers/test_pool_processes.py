"""Dead processes of a pool, found at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

from raincheck_workers.liveness.pool_processes import PoolProcesses
from tests.support.waiting import wait_until


def test_a_dead_process_is_found_and_left_to_be_buried() -> None:
    """The pool is asked to replace it, and can still read how it ended."""
    command = [sys.executable, "-c", "input()"]
    dies, lives = (subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2))
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
    assert set(asked) == {pool.maintain_pool}
    assert dies.wait() == -signal.SIGKILL
    assert processes.living() == {lives.pid}
    lives.communicate(b"\n")
    assert dies.stdin is not None
    dies.stdin.close()
