"""`raincheck demo`, with its real server and its real worker."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.commands import processes_of, run, start
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@pytest.fixture
def place() -> Generator[Path]:
    """An empty folder for temporary folders; its path is short, for it becomes a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _nothing_is_left(place: Path) -> bool:
    return not list(place.iterdir()) and not processes_of(str(place))


def _workers(place: Path) -> list[int]:
    return [
        pid
        for pid in processes_of(str(place))
        if b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_the_demo_shows_late_materialization_and_leaves_nothing(place: Path) -> None:
    """It waits, trains, wakes, shows every binding, and ends worker, server and folder.

    The deployment that the environment names is not touched.
    """
    variables = {"TMPDIR": str(place), "RAINCHECK_URL": "redis://127.0.0.1:1/0"}
    demo = run(["demo"], place, variables)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "predict is WAITING" in demo.stdout
    assert "trained_model@42#/MSE: artifact 'trained_model' has no versions yet" in demo.stdout
    assert "45/45 versions" in demo.stdout
    rows = {line.split()[0]: line.split()[1:] for line in demo.stdout.splitlines() if line.strip()}
    assert rows["model1"][:3] == ["trained_model@42", "42", "Ridge"]
    assert rows["model2"][0] == "trained_model:latest"
    assert int(rows["model2"][1]) >= 42
    revisions = {rows[name][-1] for name in ("model1", "model2", "model1_metric", "model2_metric")}
    assert len(revisions) == 1
    assert "was the better model" in demo.stdout or "became version 42" in demo.stdout
    assert _nothing_is_left(place)


def test_ctrl_c_ends_the_worker_and_the_server(place: Path) -> None:
    """An interrupted demo exits with 130 and leaves no process and no folder."""
    output = place / "output"
    with output.open("w") as out:
        demo = start(["demo"], place, {"TMPDIR": str(place)}, out.fileno())
    try:
        wait_until(lambda: "predict is WAITING" in output.read_text(), 40)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 130
    finally:
        demo.kill()
    output.unlink()
    assert _nothing_is_left(place)


def test_a_demo_whose_worker_dies_says_so(place: Path) -> None:
    """Exit code 1, one line with the reason, the worker's log, and nothing left."""
    demo = start(["demo"], place, {"TMPDIR": str(place)})
    try:
        wait_until(lambda: _workers(place), 20)
        for pid in _workers(place):
            os.kill(pid, signal.SIGKILL)
        out, err = demo.communicate(timeout=30)
    finally:
        demo.kill()
    assert demo.returncode == 1, out + err
    assert "error: the worker ended with status -9 before predict was waiting" in err
    assert "The worker's log ends so:" in err
    assert _nothing_is_left(place)
