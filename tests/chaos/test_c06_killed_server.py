"""C6: the server is killed again and again; it syncs each write."""

import time

import pytest

from tests.chaos.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]


def test_a_killed_server_loses_nothing_that_was_acknowledged(stage: Stage) -> None:
    """Index and broker are gone at once; workers and clients come back by themselves."""
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
