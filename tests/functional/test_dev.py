"""`raincheck dev`: server, worker and Flower together, and together ended."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import processes_of, run, start
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

MODULE = """
from typing import Annotated

from raincheck import pipeline, step


@step
def half(x: float) -> Annotated[float, "halved"]:
    return x / 2


@pipeline
def halve(x: float = 3.0) -> float:
    return half(x)
"""


class Dev:
    """A running `raincheck dev halving` in a folder of its own."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self.process = process

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "dev.log").read_text(encoding="utf-8")

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until it has printed something, perhaps several times."""
        wait_until(lambda: self.process.poll() is not None or self.log.count(words) >= times, 40)
        assert self.log.count(words) >= times, self.log

    def nothing_is_left(self) -> None:
        """Neither worker nor Flower nor server goes on."""
        wait_until(lambda: not processes_of(str(self.folder)), 20)


@contextmanager
def _running(*options: str) -> Generator[Dev]:
    folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    (folder / "halving.py").write_text(MODULE, encoding="utf-8")
    home = {"RAINCHECK_HOME": str(folder / "home")}
    with (folder / "dev.log").open("w") as log:
        process = start(["dev", "halving", "-c", "1", *options], folder, home, log.fileno())
    try:
        yield Dev(folder, process)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def test_one_interrupt_ends_server_worker_and_flower() -> None:
    """The banner is true: its line queues a run, its URL is Flower; then nothing is left."""
    with _running("--flower-port", "15555") as dev:
        dev.wait_for("dev@")
        assert "steps      halving: half" in dev.log
        assert "pipelines  halving: halve(x=3.0)" in dev.log
        command = re.search(r"  raincheck (enqueue .*)", dev.log)
        assert command is not None
        home = {"RAINCHECK_HOME": str(dev.folder / "home")}
        queued = run([*command[1].split(), "--timeout", "40s"], dev.folder, home)
        assert queued.returncode == 0, queued.stderr
        url = re.search(r"Flower +(http://127\.0\.0\.1:\d+)", dev.log)
        assert url is not None
        wait_until(lambda: _answers(url[1]), 30)
        dev.process.send_signal(signal.SIGINT)
        assert dev.process.wait(30) == 0, dev.log
        assert "worker | worker: Warm shutdown" in dev.log
        dev.nothing_is_left()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthcheck", timeout=2) as answer:  # noqa: S310 - http
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_worker_that_ends_by_itself_ends_the_rest() -> None:
    """Exit code 1 and a line that says what ended; SIGTERM is as good as Ctrl-C elsewhere."""
    with _running("--no-flower") as dev:
        dev.wait_for(" ready.")
        (worker,) = _main_workers(dev)
        os.kill(worker, signal.SIGKILL)
        assert dev.process.wait(30) == 1
        assert "error: worker ended by itself with status -9" in dev.log
        dev.nothing_is_left()


def test_a_changed_module_gets_a_new_worker() -> None:
    """With `--reload`; a module that does not import waits for the next change."""
    with _running("--no-flower", "--reload") as dev:
        dev.wait_for(" ready.")
        module = dev.folder / "halving.py"
        module.write_text("import absent_library\n", encoding="utf-8")
        dev.wait_for("No module named 'absent_library'")
        module.write_text(MODULE, encoding="utf-8")
        dev.wait_for(" ready.", times=2)
        dev.process.send_signal(signal.SIGTERM)
        assert dev.process.wait(30) == 0, dev.log
        dev.nothing_is_left()


def _main_workers(dev: Dev) -> list[int]:
    """Celery's main processes: children of the command itself."""
    status = [Path(f"/proc/{pid}/stat") for pid in processes_of(str(dev.folder))]
    return [
        int(path.parent.name)
        for path in status
        if path.read_text().rpartition(")")[2].split()[1] == str(dev.process.pid)
        and b"celery" in path.with_name("cmdline").read_bytes()
    ]
