"""The examples in other languages, which know the contract and nothing of our code."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import Client, save_artifact, use_deployment
from tests.chaos.faults.server import ChaosServer
from tests.support.documentation import ROOT
from tests.support.programs import program
from tests.support.waiting import wait_until
from tests.support.workers import running_fleet

pytestmark = pytest.mark.functional

FOLLOW = ROOT / "examples" / "other_languages" / "follow_events.sh"


@contextmanager
def _follower(output: Path, *arguments: str | int) -> "Generator[subprocess.Popen[bytes]]":
    with output.open("wb") as out:
        command = [program("bash"), str(FOLLOW), *map(str, arguments)]
        reader = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield reader
    finally:
        reader.kill()
        reader.wait()


def test_bash_follows_the_event_log(port_server: ChaosServer, tmp_path: Path) -> None:
    """What is kept, then what comes; and on from a position, if nothing is missing there."""
    output = tmp_path / "output"
    with running_fleet(port_server.url) as fleet, use_deployment(fleet.deployment):
        place = ("127.0.0.1", port_server.port, fleet.deployment.settings.namespace)
        save_artifact(1, "model")
        with _follower(output, *place):
            wait_until(lambda: output.read_text() == "1-1 published model@1\n", 10)
            Client().set_alias("model", "best")
            Client().log_metadata("model", {"MSE": 0.5})
            lines = ["1-1 published model@1", "2-1 alias model@1", "3-1 metadata model@1"]
            wait_until(lambda: output.read_text().splitlines() == lines, 10)
        with _follower(output, *place, "2-1"):
            wait_until(lambda: output.read_text().splitlines() == lines[2:], 10)
        fleet.deployment.index.runs.trim(most_events=1)
        with _follower(output, *place, "1-1") as reader:
            assert reader.wait(10) == 1
        expected = "the events up to 2-1 are no longer kept: some after 1-1 are missing\n"
        assert output.read_text() == expected
