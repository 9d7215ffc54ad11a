"""`raincheck events --follow` as a process of its own, while its server goes away."""

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import save_artifact, use_deployment
from tests.chaos.faults.server import ChaosServer
from tests.support.commands import start
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet

pytestmark = pytest.mark.functional


def _ids(output: Path) -> list[str]:
    lines = [line for line in output.read_text().splitlines() if line.startswith("{")]
    return [json.loads(line)["id"] for line in lines]


@contextmanager
def _follower(fleet: Fleet, output: Path) -> "Generator[subprocess.Popen[str]]":
    with output.open("w") as out:
        variables = fleet.environment({})
        reader = start(["events", "--follow", "--json"], output.parent, variables, out.fileno())
    try:
        yield reader
    finally:
        reader.kill()
        reader.wait()


def test_events_are_followed_over_a_restart_of_the_server(
    port_server: ChaosServer, tmp_path: Path
) -> None:
    """Each is printed once and in order; Ctrl-C ends it with 130."""
    output = tmp_path / "output"
    with running_fleet(port_server.url) as fleet, use_deployment(fleet.deployment):
        save_artifact(1, "model")
        with _follower(fleet, output) as reader:
            wait_until(lambda: _ids(output) == ["1-1"], 20)
            save_artifact(2, "model")
            wait_until(lambda: _ids(output) == ["1-1", "2-1"], 2)
            port_server.kill()
            wait_until(lambda: "events are read on when it is back" in output.read_text(), 20)
            port_server.start()
            save_artifact(3, "model")
            wait_until(lambda: _ids(output) == ["1-1", "2-1", "3-1"], 10)
            reader.send_signal(signal.SIGINT)
            assert reader.wait(10) == 130
    assert "Traceback" not in output.read_text()
