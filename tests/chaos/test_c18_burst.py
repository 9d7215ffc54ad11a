"""C18: far more is queued than usual while no worker is there, and hints get lost on the way."""

import time
from pathlib import Path
from typing import Any

import pytest

from raincheck.messaging.broker import key_prefix
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.history import History
from tests.chaos.load import held
from tests.chaos.schedule import Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_800)]

LOAD = ("tests.chaos.load",)
#: Runs a second on other days, how much more it is now, and for which part of the schedule.
USUAL, TIMES, SHARE = 6.0, 20, 1 / 3
#: Seconds of the burst at most: what it leaves takes some minutes.
LONGEST = 60.0
#: Bytes that the index may take for one step of a queued run, beside the broker's message.
BYTES = 1_024
#: Runs whose hints get lost.
RUNS = 30


def _memory(fleet: Fleet) -> tuple[int, int]:
    """Bytes that the server uses, and those of them that are the broker's messages."""
    connection = fleet.deployment.index.connection
    queue = f"{key_prefix(connection.namespace)}raincheck"
    said, messages = connection.ask([("INFO", "memory"), ("MEMORY", "USAGE", queue)])
    return int(said["used_memory"]), int(messages or 0)


def test_a_burst_drains(fleet: Fleet, schedule: Schedule, tmp_path: Path) -> None:
    """Twice as fast as it usually comes, with nothing lost, and hints are sent about once."""
    history, begun = History(), time.monotonic()
    burst = min(LONGEST, schedule.seconds * SHARE)
    with producing(
        history, str(tmp_path / "attempts"), seed=schedule.seed, count=4, rate=USUAL * TIMES / 4
    ) as producers:
        # The fault: so long nobody works. What connections take, and the one spec, is there
        # after a fifth of it, and is not counted with the steps.
        time.sleep(0.2 * burst)  # the fault, its first fifth
        before, early = _memory(fleet), len(history.of("run"))
        time.sleep(0.8 * burst)  # the fault, the rest of it
        after, late = _memory(fleet), len(history.of("run"))
    runs = len(history.of("run"))
    used, messages = (after[i] - before[i] for i in range(2))
    arrived = time.monotonic()
    for _ in range(2):
        fleet.start(imports=LOAD)
    assert drained(fleet.deployment, runs / USUAL)
    drain = runs / (time.monotonic() - arrived)
    for producer in producers:
        producer.succeed_again()
    verdict = Verdict(scenario="C18", seed=schedule.seed, faults=1, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    verdict.others = {
        "drained at times usual": drain / USUAL,
        "bytes of the index per step": (used - messages) / (4 * (late - early)),
        "bytes of a message": messages / (late - early),
    }
    verdict.assert_safe(faults=1, operations=int(USUAL * TIMES * burst / 3))
    assert drain >= 2 * USUAL
    assert verdict.others["bytes of the index per step"] <= BYTES
    assert verdict.amplification <= 1.2


def _resent_while_lost(fleet: Fleet, folder: Path, app: str, mutant: str) -> float:
    """Hints sent again for each step, while the broker loses all of them for 6 s."""
    log, gates = folder / "attempts", folder / "gate"
    environment = {"CHAOS_MUTANT": mutant}
    fleet.start(app=app, imports=LOAD, environment=environment, concurrency=1)
    first = held.delay(str(log), str(gates))
    wait_until(lambda: len(lines(log)) == 1, 30)  # the only slot is taken
    handles = [held.delay(str(log), str(gates)) for _ in range(RUNS)]
    fleet.pass_ticks()
    end = time.monotonic() + 6.0
    while time.monotonic() < end:
        _lose_hints(fleet)
        time.sleep(0.05)  # the fault: a message lives no longer
    resent = fleet.deployment.index.records.figures().resent
    Path(f"{gates}1").touch()
    while not drained(fleet.deployment, 0.5):
        fleet.pass_ticks(60)
    assert [handle.get(timeout=0) for handle in (first, *handles)] == [1] * (RUNS + 1)
    return resent / RUNS


def _lose_hints(fleet: Fleet) -> None:
    with fleet.deployment.hints.app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge("raincheck")


def test_lost_hints_are_sent_again_but_seldom(patient_fleet: Fleet, tmp_path: Path) -> None:
    """A broker that loses everything is asked again after 10, 30, 90 s, and not at every sweep."""
    assert 1.0 <= _resent_while_lost(patient_fleet, tmp_path, "raincheck_workers", "") <= 2.0


def test_without_back_off_they_are_sent_all_the_time(patient_fleet: Fleet, tmp_path: Path) -> None:
    """Each sweep sends each hint: the scenario notices."""
    assert _resent_while_lost(patient_fleet, tmp_path, "tests.chaos.mutants", "back-off off") > 4.0
