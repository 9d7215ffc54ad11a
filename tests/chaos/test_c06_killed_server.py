"""C6: the server is killed again and again; it syncs each write."""

import time
from pathlib import Path
from typing import cast

import pytest

from tests.chaos import load
from tests.chaos.schedule import LEASE
from tests.chaos.stage import Stage
from tests.support.waiting import wait_until
from tests.support.workers import lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Seconds between a death of the server and its next life.
AWAY = 0.5


def test_a_killed_server_loses_nothing_that_was_acknowledged(stage: Stage) -> None:
    """Index and broker are gone at once; workers and clients come back by themselves."""
    back: list[float] = []

    def kill() -> None:
        stage.server.kill()
        time.sleep(AWAY)  # the fault: so long there is no server
        stage.server.start()
        back.append(stage.back_after(time.monotonic()))

    with stage.load():
        stage.schedule.run(kill, every=(2.0, 4.0), at_least=int(stage.schedule.seconds / 8))
    verdict = stage.verdict("C6")
    verdict.others["back after s"] = max(back)
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 8), operations=int(stage.schedule.seconds)
    )
    stage.assert_workers_live()
    assert sorted(back)[len(back) // 2] <= 2.0


def _ended_while_away(stage: Stage) -> int:
    """The server is away when a step ends; the attempt that succeeded in the end."""
    log, gates = stage.folder / "log", stage.folder / "gate-"
    handle = load.held.delay(str(log), str(gates))
    wait_until(lambda: lines(log), 20)
    stage.server.kill()
    for attempt in (1, 2):
        Path(f"{gates}{attempt}").touch()
    time.sleep(LEASE / 2)  # the fault: so long there is no server
    stage.server.start()
    return cast("int", handle.get(timeout=30))


def test_a_step_that_ends_while_the_server_is_away_is_not_executed_again(stage: Stage) -> None:
    """Its process asks until the index answers."""
    assert _ended_while_away(stage) == 1


def test_a_process_that_asks_only_once_has_its_step_executed_again(bare_stage: Stage) -> None:
    """Mutant: its end is not told, so the step is given back as one that nobody computes."""
    bare_stage.start_workers(app="tests.chaos.mutants", CHAOS_MUTANT="asking again off")
    assert _ended_while_away(bare_stage) == 2
