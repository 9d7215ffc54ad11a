"""A real Flower beside the workers of a test, asked through its API."""

import base64
import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet

_USER = "someone:secret"


@dataclass(frozen=True)
class Flower:
    """A running Flower."""

    url: str

    def ask(self, path: str) -> Any:
        """The JSON document at a path of its API."""
        token = base64.b64encode(_USER.encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - a server of the test's own
            self.url + path, headers={"Authorization": f"Basic {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
            return json.loads(reply.read())

    def task(self, celery_id: str) -> dict[str, Any]:
        """What it shows of a task; empty when it has not heard of it."""
        tasks: dict[str, dict[str, Any]] = self.ask("/api/tasks?limit=1000")
        return tasks.get(celery_id, {})

    def wait_for(self, celery_id: str, state: str) -> dict[str, Any]:
        """Wait until a task is in a state; what is shown of it then."""
        wait_until(lambda: self.task(celery_id).get("state") == state, 15)
        return self.task(celery_id)


@contextmanager
def running_flower(fleet: Fleet) -> Generator[Flower]:
    """Start `celery -A raincheck_workers flower`; it hears events when this begins."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = fleet.folder / "flower.log"
    command = [sys.executable, "-m", "celery", "-A", "raincheck_workers", "flower"]
    command += ["--address=127.0.0.1", f"--port={port}", f"--basic-auth={_USER}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=fleet.environment({}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    flower = Flower(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: _hears(flower), 30)
        yield flower
    finally:
        process.terminate()
        process.wait(10)


def _hears(flower: Flower) -> bool:
    """Whether it answers, and has heard of a worker by its heartbeat."""
    try:
        return bool(flower.ask("/api/workers"))
    except (URLError, ConnectionError):
        return False
