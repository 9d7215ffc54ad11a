"""C1: workers are killed, main process and children, all the time."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from raincheck.index.connection import text
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.history import History
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, Worker, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

WORKERS = 3
LOAD = ("tests.chaos.load",)


@dataclass
class Killer:
    """Kills one worker after another, and has each replaced."""

    fleet: Fleet
    schedule: Schedule
    app: str = "raincheck_workers"
    environment: dict[str, str] = field(default_factory=dict[str, str])
    taken: dict[str, float] = field(default_factory=dict[str, float])
    """`<run> <step>` that a killed worker held -> when it was killed."""
    imports: tuple[str, ...] = LOAD

    def start(self) -> None:
        """Start one more worker; it needs a few seconds."""
        self.fleet.launch(imports=self.imports, app=self.app, environment=self.environment)

    def kill_one(self) -> None:
        """Kill any worker that holds a step, as soon as there is one."""
        wait_until(lambda: bool(self._busy()), 30)
        victim = self.schedule.random.choice(self._busy() or self._living())
        held = self._held(victim)
        killed = time.monotonic()
        victim.kill()
        self.taken |= dict.fromkeys(held, killed)
        self.start()

    def _living(self) -> list[Worker]:
        return [item for item in self.fleet.workers if item.process.poll() is None]

    def _busy(self) -> list[Worker]:
        return [item for item in self._living() if self.fleet.node_of(item) and self._held(item)]

    def _held(self, worker: Worker) -> list[str]:
        connection = self.fleet.deployment.index.connection
        key = f"{connection.prefix}node:{self.fleet.node_of(worker)}"
        fields = [text(name) for name in connection.ask([("HKEYS", key)])[0]]
        return [name[2:].replace("/", " ") for name in fields if name.startswith("s:")]

    def replaced(self, log: Path) -> list[float]:
        """Seconds until a step of a killed worker began again."""
        begun: dict[str, list[float]] = defaultdict(list)
        for line in lines(log):
            run, step, _, at = line.split()
            begun[f"{run} {step}"].append(float(at))
        later = (
            (at, [again for again in begun[key] if again > at]) for key, at in self.taken.items()
        )
        return [min(again) - at for at, again in later if again]


def _under_fire(killer: Killer, folder: Path, patience: float) -> Verdict:
    """Load and kills for as long as the schedule says, then the check."""
    fleet, schedule, log = killer.fleet, killer.schedule, folder / "attempts"
    history, begun = History(), time.monotonic()
    for _ in range(WORKERS):
        killer.start()
    with producing(history, str(log), seed=schedule.seed) as producers:
        schedule.run(killer.kill_one, every=(1.5, 2.5), at_least=int(schedule.seconds / 4))
    verdict = Verdict(scenario="C1", seed=schedule.seed, faults=schedule.faults, operations=0)
    if drained(fleet.deployment, patience):
        for producer in producers:
            producer.succeed_again()
    verdict.replaced, verdict.lease = killer.replaced(log), LEASE
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    if verdict.lost:
        history.dump(folder / "history.jsonl")
    return verdict


def test_nothing_is_lost_or_doubled(fleet: Fleet, schedule: Schedule, tmp_path: Path) -> None:
    """Every accepted run ends as it must, each step has published once, and soon again."""
    verdict = _under_fire(Killer(fleet, schedule), tmp_path, patience=60.0)
    # Victims hold a step: one that takes as long as kills are apart may meet ten in a row.
    verdict.assert_safe(
        faults=int(schedule.seconds / 4),
        operations=int(schedule.seconds),
        given_up=schedule.faults // 50,
    )
    assert verdict.replaced, "no killed worker held a step"
    # Slots are short while workers start, so single steps may wait longer.
    assert verdict.quantile(0.5) <= LEASE + 2.0


def test_without_the_sweeper_steps_are_lost(fleet: Fleet, tmp_path: Path) -> None:
    """Nobody takes the steps of the dead: the scenario notices."""
    environment = {"CHAOS_MUTANT": "sweeper off"}
    killer = Killer(fleet, Schedule(1, 12.0), "tests.chaos.mutants", environment)
    verdict = _under_fire(killer, tmp_path, patience=10.0)
    assert verdict.lost
