"""C16: steps that kill whichever process runs them."""

import signal
import time
from pathlib import Path

import pytest

from raincheck import RunStatus
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.history import History
from tests.chaos.load import poison
from tests.chaos.schedule import Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, step_run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

LOAD = ("tests.chaos.load",)


def test_poison_is_given_up_and_others_go_on(
    fleet: Fleet, schedule: Schedule, tmp_path: Path
) -> None:
    """Three processes each and no more; the load beside it is executed as ever."""
    history, begun = History(), time.monotonic()
    fatal = tmp_path / "fatal"
    workers = [fleet.start(imports=LOAD) for _ in range(2)]
    poisoned = []

    def fault() -> None:
        number = schedule.random.choice([signal.SIGSEGV, signal.SIGKILL])
        poisoned.append(poison.delay(str(fatal), number))

    log = str(tmp_path / "attempts")
    with producing(history, log, seed=schedule.seed) as producers:
        schedule.run(fault, every=(1.0, 2.0))
    assert drained(fleet.deployment, 60.0)
    for handle in poisoned:
        assert handle.status() is RunStatus.FAILED
        assert (step_run(handle, "die").attempt, step_run(handle, "die").lost) == (3, 3)
    assert len(lines(fatal)) == 3 * len(poisoned)
    assert [worker.process.poll() for worker in workers] == [None, None]
    for producer in producers:
        producer.succeed_again()
    verdict = Verdict(scenario="C16", seed=schedule.seed, faults=schedule.faults, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    verdict.assert_safe(faults=int(schedule.seconds / 3), operations=int(schedule.seconds))


def test_without_the_limit_poison_is_never_given_up(fleet: Fleet, tmp_path: Path) -> None:
    """A fourth process dies of it: the scenario notices."""
    fleet.start(
        app="tests.chaos.mutants", imports=LOAD, environment={"CHAOS_MUTANT": "lost limit off"}
    )
    handle = poison.delay(str(tmp_path / "fatal"), signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path / "fatal")) > 3, 30)
    assert not handle.status().final
