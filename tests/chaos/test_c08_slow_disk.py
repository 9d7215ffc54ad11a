"""C8: the disk of the server takes seconds to sync, for a while."""

import time

import pytest

from tests.chaos.faults.stalls import slow_syncs
from tests.chaos.stage import Stage
from tests.support.workers import lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

STALL = 1.5  # seconds for each sync


def test_a_slow_disk_costs_time_and_nothing_else(stage: Stage) -> None:
    """Nobody dies and nothing is lost; a worker may be taken for dead, as far as it is silent."""

    def stall() -> None:
        with slow_syncs(stage.server, STALL, stage.folder / "stalls"):
            time.sleep(3 * STALL)  # the fault: some syncs

    with stage.load():
        stage.schedule.run(stall, every=(1.0, 2.0))
    verdict = stage.verdict("C8")
    attempts = [int(line.split()[2]) for line in lines(stage.folder / "attempts")]
    verdict.others["begun again"] = sum(number > 1 for number in attempts)
    verdict.assert_safe(faults=1, operations=int(stage.schedule.seconds))
    stage.assert_workers_live()
