"""C2: producers are killed inside `delay()`, at each point where something has just happened."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raincheck import RunHandle
from tests.chaos.checker import check, drained
from tests.chaos.history import History
from tests.chaos.killed_producer import POINTS
from tests.chaos.verdict import Verdict
from tests.support.workers import ROOT, Fleet, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

LOAD = ("tests.chaos.load",)
#: Runs that are acknowledged before the producer dies.
COUNT = 3


def _die(fleet: Fleet, point: str, log: Path, mutant: dict[str, str]) -> list[str]:
    """The runs that a producer was told are accepted before it was killed."""
    died = subprocess.run(
        [sys.executable, "-m", "tests.chaos.killed_producer", point, str(log), str(COUNT)],
        cwd=ROOT,
        env=fleet.environment(mutant),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    return died.stdout.split()


def test_what_was_acknowledged_is_executed_and_the_rest_at_most_once(
    fleet: Fleet, tmp_path: Path
) -> None:
    """A run that was recorded is executed, though nobody has sent or heard of it."""
    history, log, begun = History(), tmp_path / "attempts", time.monotonic()
    fleet.start(imports=LOAD)
    unheard = 0
    for point in POINTS:
        before = set(fleet.deployment.index.records.run_ids(1_000))
        told = _die(fleet, point, log, {})
        assert len(told) == COUNT
        recorded = set(fleet.deployment.index.records.run_ids(1_000)) - before
        assert set(told) <= recorded
        assert len(recorded) == COUNT + (point != "before submit")
        for number, run in enumerate(told):
            history.add(point, "run", run, number)
        for run in recorded - set(told):
            unheard += 1
            history.add(point, "run", run, COUNT)
    assert drained(fleet.deployment, 60.0)
    verdict = Verdict(scenario="C2", seed=1, faults=len(POINTS), operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    verdict.assert_safe(faults=len(POINTS), operations=COUNT * len(POINTS) + unheard)
    attempts = [line.rsplit(" ", 1)[0] for line in lines(log)]
    assert len(attempts) == len(set(attempts)) == verdict.steps


def test_without_the_outbox_a_recorded_run_is_never_executed(fleet: Fleet, tmp_path: Path) -> None:
    """The only message died with its sender: the scenario notices."""
    mutant, log = {"CHAOS_MUTANT": "outbox off"}, tmp_path / "attempts"
    fleet.start(app="tests.chaos.mutants", imports=LOAD, environment=mutant)
    told = _die(fleet, "before send", log, mutant)
    assert not drained(fleet.deployment, 16.0)  # a hint is sent again after 10 s
    (live,) = fleet.deployment.index.records.run_ids(10, live_only=True)
    assert live not in told
    assert not RunHandle(live, fleet.deployment).status().final
