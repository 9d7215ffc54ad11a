"""C17: workers are replaced one by one in good order, as by a deployment, under load."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from raincheck import RunHandle
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.history import History
from tests.chaos.load import held
from tests.chaos.schedule import Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, Worker, lines, step_field, step_run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

LOAD = ("tests.chaos.load",)
#: Seconds in which a worker that is told to end has ended.
SHUTDOWN = 30.0
MUTANTS = "tests.chaos.mutants"


def _end(worker: Worker) -> float:
    """Tell a worker to end; the seconds that it took."""
    begun = time.monotonic()
    worker.signal(signal.SIGTERM)
    worker.process.wait(2 * SHUTDOWN)
    return time.monotonic() - begun


def test_a_rolling_restart_repeats_nothing(
    fleet: Fleet, schedule: Schedule, tmp_path: Path
) -> None:
    """Each worker ends in time, and no step that had finished is executed again."""
    history, log, begun = History(), tmp_path / "attempts", time.monotonic()
    serving = [fleet.start(imports=LOAD) for _ in range(2)]
    taken: list[float] = []

    def fault() -> None:
        serving.append(fleet.start(imports=LOAD))
        taken.append(_end(serving.pop(0)))

    with producing(history, str(log), seed=schedule.seed) as producers:
        schedule.run(fault, every=(0.5, 1.5), at_least=2)
    assert drained(fleet.deployment, 60.0)
    for producer in producers:
        producer.succeed_again()
    verdict = Verdict(scenario="C17", seed=schedule.seed, faults=schedule.faults, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    attempts = Counter(" ".join(line.split()[:2]) for line in lines(log))
    again = sum(count - 1 for count in attempts.values())
    verdict.others = {"executed again": again, "slowest end": max(taken)}
    verdict.assert_safe(faults=2, operations=int(schedule.seconds))
    assert again <= verdict.steps / 100
    assert verdict.others["slowest end"] <= SHUTDOWN


def _ended_under_a_step(fleet: Fleet, folder: Path, app: str, mutant: str) -> RunHandle:
    """A step that does not end by itself, whose worker is told to, and another takes it over."""
    environment = {"RAINCHECK_SHUTDOWN_GRACE": "1", "CHAOS_MUTANT": mutant}
    log, gates = folder / "attempts", folder / "gate"
    worker = fleet.start(app=app, imports=LOAD, environment=environment, concurrency=1)
    handle = held.delay(str(log), str(gates))
    wait_until(lambda: len(lines(log)) == 1, 30)
    fleet.start(app=app, imports=LOAD, environment=environment, concurrency=1)
    assert _end(worker) <= SHUTDOWN
    Path(f"{gates}2").touch()
    assert handle.get(timeout=30) == 2
    return handle


def test_a_step_that_outlasts_the_grace_moves(fleet: Fleet, tmp_path: Path) -> None:
    """The other worker has it at once, and it is no mark against the step."""
    handle = _ended_under_a_step(fleet, tmp_path, "raincheck_workers", "")
    assert (step_run(handle, "hold").attempt, step_run(handle, "hold").lost) == (2, 0)


def test_when_ending_counts_as_lost_it_is_a_mark(fleet: Fleet, tmp_path: Path) -> None:
    """Three deployments would give the step up: the scenario notices."""
    handle = _ended_under_a_step(fleet, tmp_path, MUTANTS, "ending counts as lost")
    assert step_run(handle, "hold").lost == 1


def test_a_worker_of_an_older_contract_gives_back_what_it_cannot_read(
    patient_fleet: Fleet, tmp_path: Path
) -> None:
    """While a deployment rolls, whichever worker gets a message, its run succeeds."""
    log, gates = tmp_path / "attempts", tmp_path / "gate"
    Path(f"{gates}1").touch()
    older = patient_fleet.start(
        app=MUTANTS, imports=LOAD, environment={"CHAOS_MUTANT": "older contract"}
    )
    handles = [held.delay(str(log), str(gates)) for _ in range(3)]
    wait_until(lambda: all(_declines(handle) for handle in handles), 30)
    assert not lines(log)
    patient_fleet.start(imports=LOAD)
    while not drained(patient_fleet.deployment, 0.5):
        patient_fleet.pass_ticks()  # what was given back is due after 10 s
    assert [handle.get(timeout=0) for handle in handles] == [1, 1, 1]
    assert len(lines(log)) == len(handles)
    assert older.process.poll() is None


def _declines(handle: RunHandle) -> int:
    """How often a worker has given the step back."""
    return int(step_field(handle, "hold", "declines") or 0)
