"""C1 with a publisher: what a killed attempt was given is what the next one is given."""

import threading
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import save_artifact
from tests.chaos.checker import check, drained
from tests.chaos.history import History
from tests.chaos.load import seeing
from tests.chaos.schedule import Schedule
from tests.chaos.test_c01_killed_workers import Killer
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Steps under way at a time, and for how long each.
RUNS, SECONDS = 4, 1.0


@contextmanager
def _publishing(history: History) -> Generator[None]:
    """Publish by hand all the time, and write down what was acknowledged."""
    ended = threading.Event()

    def publish() -> None:
        number = 0
        while not ended.wait(0.05):
            made = save_artifact(number, "chaos-newest")
            history.add("publisher", "publication", f"chaos-newest@{made.version}", number)
            number += 1

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _seen(log: Path) -> dict[str, dict[int, int]]:
    """By run, what each attempt was given."""
    seen: dict[str, dict[int, int]] = defaultdict(dict)
    for line in lines(log):
        run, attempt, value = line.split()
        seen[run][int(attempt)] = int(value)
    return seen


def _killed_while_seeing(killer: Killer, log: Path, history: History) -> int:
    """Kill workers under steps while their artifact changes; how many attempts saw another value.

    Each worker is killed when all steps of a round have begun, so every round has second attempts.
    """
    killer.start()
    end = time.monotonic() + killer.schedule.seconds
    with _publishing(history):
        wait_until(lambda: history.of("publication"), 10)
        while time.monotonic() < end or not killer.schedule.faults:
            before = len(_seen(log))
            handles = [seeing.delay(str(log), SECONDS) for _ in range(RUNS)]
            wait_until(lambda before=before: len(_seen(log)) > before, 60)  # type: ignore[misc]
            killer.kill_one()
            killer.schedule.faults += 1
            for handle in handles:
                handle.wait(timeout=60)
                value = list(_seen(log)[handle.id].values())[-1]
                history.add("client", "run", handle.id, value)
    assert drained(killer.fleet.deployment, 30.0)
    return sum(len(set(attempts.values())) - 1 for attempts in _seen(log).values())


def test_a_second_attempt_sees_what_the_first_saw(
    fleet: Fleet, schedule: Schedule, tmp_path: Path
) -> None:
    """Whatever has been published since; and all that was acknowledged is there."""
    history, log, begun = History(), tmp_path / "seen", time.monotonic()
    assert _killed_while_seeing(Killer(fleet, schedule), log, history) == 0
    verdict = Verdict(scenario="C1b", seed=schedule.seed, faults=schedule.faults, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    attempts = [len(found) for found in _seen(log).values()]
    verdict.others["second attempts"] = sum(attempts) - len(attempts)
    verdict.assert_safe(faults=1, operations=RUNS)
    assert verdict.others["second attempts"], "no killed attempt had begun"


def test_without_kept_bindings_it_sees_another(fleet: Fleet, tmp_path: Path) -> None:
    """References are resolved anew by every attempt: the scenario notices."""
    mutant = {"CHAOS_MUTANT": "bindings not kept"}
    killer = Killer(fleet, Schedule(1, 4.0), "tests.chaos.mutants", mutant)
    assert _killed_while_seeing(killer, tmp_path / "seen", History()) > 0
