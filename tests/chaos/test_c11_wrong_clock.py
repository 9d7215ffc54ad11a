"""C11: the clock of the server's host jumps, forward by a minute and back by an hour."""

import time
from collections.abc import Generator
from itertools import count
from pathlib import Path

import pytest

from raincheck import RunHandle
from tests.chaos import load
from tests.chaos.faults.clock import FakeClock
from tests.chaos.faults.server import ChaosServer
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.stage import Stage, staged
from tests.support.waiting import wait_until
from tests.support.workers import Worker, lines, step_run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

JUMPS = (60, -3_600)
#: What is promised for a clock that goes right is the lease and 2 s; twice that.
TAKEN_OVER = 2 * (LEASE + 2)


@pytest.fixture
def clock(tmp_path: Path) -> FakeClock:
    """That of the server."""
    return FakeClock(tmp_path / "clock")


@pytest.fixture
def stage(schedule: Schedule, clock: FakeClock, tmp_path: Path) -> Generator[Stage]:
    """On a server with a clock that a test sets; workers are started by tests."""
    server = ChaosServer(tmp_path, environment=clock.environment)
    server.start()
    try:
        with staged(server, schedule, tmp_path) as stage:
            yield stage
    finally:
        server.kill()


def test_a_clock_that_jumps_loses_and_doubles_nothing(stage: Stage, clock: FakeClock) -> None:
    """Nor is a living worker taken for dead."""
    stage.start_workers()

    def jump() -> None:
        clock.jump(stage.schedule.random.choice((*JUMPS, 0)))

    with stage.load():
        stage.schedule.run(jump, every=(1.0, 2.0), at_least=int(stage.schedule.seconds / 3))
    clock.jump(0)
    verdict = stage.verdict("C11")
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 3), operations=int(stage.schedule.seconds)
    )
    assert not any("was reaped" in worker.log for worker in stage.fleet.workers)
    stage.assert_workers_live()


def test_a_worker_whose_clock_jumps_is_as_good_as_any(stage: Stage, tmp_path: Path) -> None:
    """Its own time of day decides nothing: neither what is due nor who lives."""
    worker_clock = FakeClock(tmp_path / "worker-clock")
    stage.start_workers(1)
    stage.start_workers(1, **worker_clock.environment)

    def jump() -> None:
        worker_clock.jump(stage.schedule.random.choice((*JUMPS, 0)))

    with stage.load():
        stage.schedule.run(jump, every=(1.0, 2.0), at_least=int(stage.schedule.seconds / 3))
    verdict = stage.verdict("C11 worker")
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 3), operations=int(stage.schedule.seconds)
    )
    assert not any("was reaped" in worker.log for worker in stage.fleet.workers)
    stage.assert_workers_live()


def _held(stage: Stage, name: str) -> tuple[RunHandle, Path]:
    """A step that runs; its log."""
    log = stage.folder / f"log-{name}"
    handle = load.held.delay(str(log), str(stage.folder / f"gate-{name}-"))
    wait_until(lambda: len(lines(log)) == 1, 20)
    return handle, log


def _holder(stage: Stage, handle: RunHandle) -> Worker:
    node = str(step_run(handle, "hold").node)
    return next(worker for worker in stage.fleet.workers if f"-{worker.pid}-" in node)


def _open(stage: Stage, name: str) -> None:
    for attempt in (1, 2):
        (stage.folder / f"gate-{name}-{attempt}").touch()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_dead_worker_is_replaced_whatever_the_clock_says(
    stage: Stage, clock: FakeClock, jump: int
) -> None:
    """Liveness counts ticks: its time is that of whoever sees a tick stand still."""
    stage.start_workers()
    handle, log = _held(stage, "jumped")
    clock.jump(jump)
    begun = time.monotonic()
    _holder(stage, handle).kill()
    wait_until(lambda: len(lines(log)) == 2, 60)
    assert time.monotonic() - begun <= TAKEN_OVER
    _open(stage, "jumped")
    assert handle.get(timeout=20) == 2


def test_a_lease_by_the_clock_would_take_the_living_for_dead(
    stage: Stage, clock: FakeClock
) -> None:
    """Mutant: a lease of wall-clock time ends with the jump, under a worker that lives."""
    stage.start_workers(app="tests.chaos.mutants", CHAOS_MUTANT="lease by the clock")
    handle, log = _held(stage, "jumped")
    jumps = count(1)

    def taken_over() -> bool:
        # A beat may come before the sweep that would reap: then the next jump shows it.
        clock.jump(next(jumps) * JUMPS[0])
        # A sweep or two, which may see this jump; not as regular as beats and sweeps are, or
        # the beat comes first every time.
        time.sleep(stage.schedule.random.uniform(0.6, 1.4))
        return len(lines(log)) > 1

    wait_until(taken_over, 60)
    assert handle.status().final is False
    _open(stage, "jumped")
