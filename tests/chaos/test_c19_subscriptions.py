"""C19: events start runs while the workers that look at them and compute are killed."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from typing_extensions import override

from raincheck import Client, save_artifact
from raincheck.index.connection import text
from tests.chaos.accounts import account, settled
from tests.chaos.checker import check
from tests.chaos.history import History
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.subscribed import BY_HAND, making, subscribe_all
from tests.chaos.test_c01_killed_workers import WORKERS, Killer
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(2_400)]

LOAD = ("tests.chaos.subscribed",)
#: Events a second: 10,000 of them in the 600 s of `make chaos`.
RATE = 10_000 / 600
#: One event of so many is published by a run, the others by hand.
BY_RUN_EACH = 5
#: One of so many publications by hand is tagged: a further event of the same version.
TAGGED_EACH = 10


@dataclass
class ChildKiller(Killer):
    """Kills in turn a worker and the one process that computes."""

    imports: tuple[str, ...] = LOAD

    @override
    def kill_one(self) -> None:
        if self.schedule.faults % 2 == 0:
            super().kill_one()
            return
        wait_until(self._kill_child, 30)

    def _kill_child(self) -> bool:
        """Whether there was one that computed a step."""
        children = self._computing()
        if children:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(self.schedule.random.choice(children), signal.SIGKILL)
        return bool(children)

    def _computing(self) -> list[int]:
        connection = self.fleet.deployment.index.connection
        held = [item.replace(" ", "/") for worker in self._busy() for item in self._held(worker)]
        keys = [("HGET", f"{connection.prefix}step:{item}", "pid") for item in held]
        return [int(text(pid)) for pid in (connection.ask(keys) if keys else []) if pid]


class Publisher(threading.Thread):
    """Publishes so many numbers at a rate.

    Args:
        rate: numbers a second.
        numbers: to publish.
        publish: publishes one.
    """

    def __init__(self, rate: float, numbers: range, publish: Callable[[int], object]) -> None:
        super().__init__(daemon=True)
        self._rate = rate
        self._numbers = numbers
        self._publish = publish

    @override
    def run(self) -> None:
        begun = time.monotonic()
        for place, number in enumerate(self._numbers):
            due = begun + place / self._rate
            time.sleep(max(0.0, due - time.monotonic()))  # the rate itself: the load of the test
            self._publish(number)


def _publish_by_hand(history: History, number: int) -> str:
    made = save_artifact(number, BY_HAND)
    history.add("by hand", "publication", f"{BY_HAND}@{made.version}", number)
    if number % TAGGED_EACH == 0:
        Client().tag(BY_HAND, "tenth", made.version)
    return str(made.version)


def _publish_by_run(history: History, number: int) -> None:
    history.add("by runs", "run", making.delay(number).id, number)


def _publishers(history: History, seconds: float) -> list[Publisher]:
    count = int(RATE * seconds)
    by_runs = count // BY_RUN_EACH
    # The same numbers twice would do no harm, but different ones say more when they are mixed.
    hand, runs = range(1, count - by_runs + 1), range(1_000_001, 1_000_001 + by_runs)
    return [
        Publisher(len(hand) / seconds, hand, lambda number: _publish_by_hand(history, number)),
        Publisher(len(runs) / seconds, runs, lambda number: _publish_by_run(history, number)),
    ]


def _publish_again(history: History, fleet: Fleet, times: int = 5, seconds: float = 10.0) -> None:
    """The next events start a run each, which succeeds within `seconds`."""
    for number in range(1, times + 1):
        begun = time.monotonic()
        run = f"each+1+{BY_HAND}@{_publish_by_hand(history, number)}"
        wait_until(partial(fleet.deployment.index.records.final_status, run), seconds)
        assert time.monotonic() - begun < seconds


def _under_fire(killer: Killer, folder: Path, patience: float) -> Verdict:
    """Events and kills for as long as the schedule says, then the accounts."""
    fleet, schedule = killer.fleet, killer.schedule
    history, begun = History(), time.monotonic()
    subscribe_all()
    for _ in range(WORKERS):
        killer.start()
    wait_until(lambda: len(fleet.deployment.index.records.nodes()) == WORKERS, 30)
    publishers = _publishers(history, schedule.seconds)
    for publisher in publishers:
        publisher.start()
    schedule.run(killer.kill_one, every=(1.5, 2.5), at_least=int(schedule.seconds / 4))
    for publisher in publishers:
        publisher.join()
    verdict = Verdict(scenario="C19", seed=schedule.seed, faults=schedule.faults, operations=0)
    over = time.monotonic()
    if settled(fleet.deployment, patience):
        verdict.others["seconds to settle"] = time.monotonic() - over
        _publish_again(history, fleet)
        settled(fleet.deployment, patience)
    verdict.lease = LEASE
    account(fleet.deployment, history, verdict)
    check(history, fleet.deployment, verdict, processes_die=True)
    verdict.seconds = time.monotonic() - begun
    if verdict.lost:
        history.dump(folder / "history.jsonl")
    return verdict


def test_every_event_is_accounted_for_once(
    fleet: Fleet, schedule: Schedule, tmp_path: Path
) -> None:
    """Each event is in one run or has one outcome, in order, whatever dies; all runs succeed."""
    verdict = _under_fire(ChildKiller(fleet, schedule), tmp_path, 60.0 + schedule.seconds)
    verdict.assert_safe(
        faults=int(schedule.seconds / 4),
        operations=int(RATE * schedule.seconds),
        given_up=schedule.faults // 25,  # three dead processes are enough for it
    )
    assert verdict.others["events"] == int(RATE * schedule.seconds) + 5
    assert verdict.others["each"] == verdict.others["events"]


def test_without_the_pump_events_stay_behind(fleet: Fleet, tmp_path: Path) -> None:
    """Nobody comes back to what was marked when nothing else happens: the scenario notices."""
    environment = {"CHAOS_MUTANT": "pump off"}
    killer = ChildKiller(fleet, Schedule(1, 3.0), "tests.chaos.mutants", environment)
    verdict = _under_fire(killer, tmp_path, patience=3.0)
    assert [item for item in verdict.lost if item.endswith("still waits")]


def test_without_memory_events_count_twice(fleet: Fleet, tmp_path: Path) -> None:
    """A version that is tagged matches again: the scenario notices."""
    environment = {"CHAOS_MUTANT": "memory off"}
    killer = ChildKiller(fleet, Schedule(1, 3.0), "tests.chaos.mutants", environment)
    verdict = _under_fire(killer, tmp_path, patience=20.0)
    assert [item for item in verdict.strange if " matched, not " in item]
