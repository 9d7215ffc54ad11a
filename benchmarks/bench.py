"""The bench: a real server and a real worker for the time of the measurements."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.workload import one_step
from raincheck import Deployment, RunStatus, read_settings, use_deployment
from raincheck.embedded import release_server


class Bench:
    """Measures from a call to the moment that the worker noted.

    Args:
        deployment: that the worker shares.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def until_noted(self, key: str) -> float:
        """The moment noted under a key, on the monotonic clock.

        Raises:
            TimeoutError: nothing was noted within 20 seconds.
        """
        client = self.deployment.index.connection.client
        reply = client.execute_command("BRPOP", f"bench:{key}", 20)
        if reply is None:
            raise TimeoutError(key)
        return float(json.loads(reply[1]))

    def latency(self, start: Callable[[str], object]) -> float:
        """Seconds from before a call to what it leads to, noted under the key it gets."""
        key = secrets.token_hex(8)
        before = time.monotonic()
        start(key)
        return self.until_noted(key) - before


@contextmanager
def running_bench(pool: str = "prefork") -> Generator[Bench]:
    """A bench with an embedded server and one worker of two slots."""
    home = Path(tempfile.mkdtemp(prefix="rc-bench-"))
    deployment = Deployment(read_settings(home=home))
    root = Path(__file__).resolve().parent.parent
    inherited = dict(os.environ)  # noqa: TID251 - handed on to a child
    environment = {
        **inherited,
        "RAINCHECK_HOME": str(home),
        "PYTHONPATH": str(root),
        "C_FORCE_ROOT": "1",
    }
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "benchmarks.workload", "worker"]
    options = ["--concurrency", "2", "--pool", pool, "--loglevel", "ERROR"]
    with use_deployment(deployment):
        worker = subprocess.Popen([*command, *options], env=environment, cwd=root)
        try:
            _until_ready()
            yield Bench(deployment)
        finally:
            worker.terminate()
            worker.wait(40)
            deployment.index.connection.close()
            release_server(home)
            shutil.rmtree(home, ignore_errors=True)


def _until_ready() -> None:
    handle = one_step.delay("warm/none")
    if handle.wait(60) is not RunStatus.SUCCEEDED:
        raise RuntimeError(handle.why())
