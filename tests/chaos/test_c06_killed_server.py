"""C6: the server is killed again and again; it syncs each write."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.chaos.faults.server import ChaosServer
from tests.chaos.schedule import Schedule
from tests.chaos.stage import Stage, staged

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]


@pytest.fixture
def stage(schedule: Schedule, tmp_path: Path) -> Generator[Stage]:
    """With two workers."""
    server = ChaosServer(tmp_path)
    server.start()
    try:
        with staged(server, schedule, tmp_path) as stage:
            yield stage
    finally:
        server.kill()


def test_a_killed_server_loses_nothing_that_was_acknowledged(stage: Stage) -> None:
    """Index and broker are gone at once; workers and clients come back by themselves."""
    stage.start_workers()
    back: list[float] = []

    def kill() -> None:
        stage.server.kill()
        time.sleep(0.5)
        stage.server.start()
        back.append(stage.back_after(time.monotonic()))

    with stage.load():
        stage.schedule.run(kill, every=(2.0, 4.0))
    verdict = stage.verdict("C6")
    verdict.others["back after s"] = max(back)
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 8), operations=int(stage.schedule.seconds)
    )
    stage.assert_workers_live()
    assert sorted(back)[len(back) // 2] <= 2.0
