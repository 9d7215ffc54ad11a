"""C3: a worker falls silent for longer than its lease, and what it still writes is refused."""

import signal
import time
from pathlib import Path

import pytest

from tests.chaos.checker import check, drained
from tests.chaos.history import History
from tests.chaos.load import held
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, Worker, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Steps that the silent worker holds in one round.
STEPS = 6
SUPERSEDED = "attempt superseded"


def _round(fleet: Fleet, folder: Path, history: History, app: str, mutant: str) -> Verdict:
    """One worker is stopped with all its steps held; another takes them over.

    The old attempts write first, while the new ones still run: only the fence stands
    between them and a publication.
    """
    folder.mkdir()
    log, gates = folder / "attempts", folder / "gate"
    environment = {"CHAOS_MUTANT": mutant} if mutant else {}
    options = {"app": app, "imports": ("tests.chaos.load",), "environment": environment}
    silent = _start(fleet, **options)
    for _ in range(STEPS):
        handle = held.delay(str(log), str(gates))
        history.add("client", "run", handle.id, 2)
    wait_until(lambda: len(lines(log)) == STEPS, 30)
    silent.signal(signal.SIGSTOP)  # its main process: the children compute on
    stopped = time.monotonic()
    _start(fleet, **options)
    wait_until(lambda: len(lines(log)) == 2 * STEPS, 60)
    # The fault is so long a silence, however soon the others have taken over.
    time.sleep(max(0.0, stopped + 3 * LEASE - time.monotonic()))
    Path(f"{gates}1").touch()
    verdict = Verdict(scenario="C3", seed=1, faults=1, operations=STEPS, stale=STEPS)
    _written(silent)
    verdict.refused = silent.log.count(SUPERSEDED)
    Path(f"{gates}2").touch()
    assert drained(fleet.deployment, 30)
    silent.signal(signal.SIGCONT)
    wait_until(lambda: "node was reaped" in silent.log, 20)
    return verdict


def _start(fleet: Fleet, **options: object) -> Worker:
    return fleet.start(concurrency=STEPS, **options)  # type: ignore[arg-type]


def _written(silent: Worker) -> None:
    """Wait until every old attempt has had its answer, whatever it was."""
    wait_until(
        lambda: silent.log.count(SUPERSEDED) + silent.log.count("step succeeded") >= STEPS, 30
    )


def test_every_stale_write_is_refused(fleet: Fleet, schedule: Schedule, tmp_path: Path) -> None:
    """In every round all old attempts are refused, and one version of each step is there."""
    history, begun = History(), time.monotonic()
    total = Verdict(scenario="C3", seed=schedule.seed, faults=0, operations=0, lease=LEASE)
    while total.faults < 2 or time.monotonic() < begun + schedule.seconds:
        one = _round(fleet, tmp_path / str(total.faults), history, "raincheck_workers", "")
        total.faults += 1
        total.stale += one.stale
        total.refused += one.refused
        fleet.stop()
    check(history, fleet.deployment, total)
    total.seconds = time.monotonic() - begun
    total.assert_safe(faults=2, operations=2 * STEPS)


def test_without_the_fence_stale_writes_are_accepted(fleet: Fleet, tmp_path: Path) -> None:
    """The old attempts publish: the scenario notices."""
    history = History()
    verdict = _round(fleet, tmp_path / "0", history, "tests.chaos.mutants", "fence off")
    assert verdict.refused < verdict.stale
    assert check(history, fleet.deployment, verdict).lost  # attempt 1 where 2 was promised
