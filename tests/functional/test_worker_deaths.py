"""Processes that are really killed, stopped and resumed while they run steps."""

import os
import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from raincheck import Client, RunHandle, RunStatus, save_artifact, use_deployment
from raincheck_contracts.errors import StepFailedError
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, Worker, lines, running_fleet, step_run

pytestmark = pytest.mark.functional

LEASE = 3.0


@pytest.fixture(scope="module")
def _pair(valkey_url: str) -> Generator[Fleet]:
    with running_fleet(valkey_url, lease=LEASE) as fleet:
        yield fleet


@pytest.fixture
def pair(_pair: Fleet) -> Generator[Fleet]:
    """A deployment with a lease of three seconds and two workers of one process each."""
    _pair.workers = [worker for worker in _pair.workers if worker.process.poll() is None]
    while len(_pair.workers) < 2:
        _pair.start(concurrency=1)
    with use_deployment(_pair.deployment):
        yield _pair


def _holder(fleet: Fleet, handle: RunHandle, step: str = "held") -> Worker:
    """The worker that runs the held step."""
    node = step_run(handle, step).node
    return next(worker for worker in fleet.workers if f"-{worker.pid}-" in str(node))


def _versions(handle: RunHandle) -> list[str]:
    """The versions that a run's held step has published."""
    found = Client().list_artifact_versions("held_value")
    return [item.version for item in found if item.record.record.run == handle.id]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.usefixtures("crew")
def test_killed_pool_children_are_replaced_within_two_seconds(
    tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    """Their steps run again on what they were bound to, though a newer version has come."""
    name, log, gate = fresh("model"), tmp_path / "log", tmp_path / "gate"
    save_artifact(1.0, name)
    handles = [pipelines.hold_newest.delay(str(log), str(gate), name) for _ in range(2)]
    wait_until(lambda: len(lines(log)) == 2, 10)
    save_artifact(2.0, name)
    for line in lines(log):  # the whole pool: nothing but new children can run them
        os.kill(int(line.split()[0]), signal.SIGKILL)
    killed = time.monotonic()
    wait_until(lambda: len(lines(log)) == 4, 10)
    assert time.monotonic() - killed < 2.0
    gate.touch()
    for handle in handles:
        assert handle.get(timeout=10) == 1.0
        step = step_run(handle, "held")
        assert (step.attempt, step.lost) == (2, 1)
        assert [binding.version for binding in step.bindings.values()] == ["1"]
    assert [line.split()[1] for line in lines(log)] == ["1.0"] * 4


def test_a_step_that_kills_its_workers_is_given_up(crew: Fleet, tmp_path: Path) -> None:
    """Three processes are enough; the worker goes on with other steps, and tells how they ended."""
    handle = pipelines.kill_workers.delay(str(tmp_path / "log"))
    with pytest.raises(StepFailedError, match="its process ended thrice while it ran"):
        handle.get(timeout=20)
    assert len(set(lines(tmp_path / "log"))) == 3
    losses = step_run(handle, "deadly").losses
    assert [str(loss.pid) for loss in losses] == lines(tmp_path / "log")
    assert [loss.why for loss in losses] == ["signal 9 (SIGKILL)"] * 3
    listed = [(run.id, step.step) for run, step in crew.deployment.index.records.dead(100)]
    assert (handle.id, "deadly") in listed
    assert pipelines.double_given.delay(2.0).get(timeout=10) == 4.0
    assert crew.workers[0].process.poll() is None


def test_another_worker_takes_over_from_a_killed_one(pair: Fleet, tmp_path: Path) -> None:
    """Within its lease and two seconds; nothing of the dead worker stays in the index."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    victim = _holder(pair, handle)
    node = pair.node_of(victim)
    victim.kill()
    killed = time.monotonic()
    wait_until(lambda: len(lines(log)) == 2, 15)
    assert time.monotonic() - killed < LEASE + 2.0
    gate.touch()
    assert handle.get(timeout=10) == 0.0
    assert step_run(handle, "held").attempt == 2
    assert node not in pair.deployment.index.records.nodes()
    assert len(_versions(handle)) == 1
    wait_until(lambda: not _alive(int(lines(log)[0].split()[0])), 5)


def test_what_a_worker_taken_for_dead_still_writes_is_refused(pair: Fleet, tmp_path: Path) -> None:
    """Its child computes to the end; one version is published, and not by that child."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    silent = _holder(pair, handle)
    silent.signal(signal.SIGSTOP)  # the main process alone: its child goes on
    wait_until(lambda: len(lines(log)) == 2, 15)
    gate.touch()
    assert handle.get(timeout=10) == 0.0
    wait_until(lambda: "attempt superseded" in silent.log, 5)
    node = step_run(handle, "held").node
    silent.signal(signal.SIGCONT)
    assert len(_versions(handle)) == 1
    assert node is not None
    assert f"-{silent.pid}-" not in node
    wait_until(lambda: pair.node_of(silent) is not None, 10)
    assert "node was reaped" in silent.log


def test_a_worker_that_was_stopped_whole_comes_back_as_a_new_node(
    pair: Fleet, tmp_path: Path
) -> None:
    """Main process and child sleep beyond the lease; the step ends once, the worker lives on."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    sleeper, child = _holder(pair, handle), int(lines(log)[0].split()[0])
    before = pair.node_of(sleeper)
    sleeper.signal(signal.SIGSTOP)
    os.kill(child, signal.SIGSTOP)
    wait_until(lambda: len(lines(log)) == 2, 15)
    gate.touch()
    assert handle.wait(timeout=10) is RunStatus.SUCCEEDED
    os.kill(child, signal.SIGCONT)
    sleeper.signal(signal.SIGCONT)
    wait_until(lambda: pair.node_of(sleeper) not in {None, before}, 10)
    assert len(_versions(handle)) == 1
    assert step_run(handle, "held").attempt == 2


def test_who_waits_for_a_computation_does_it_when_its_worker_is_killed(
    pair: Fleet, tmp_path: Path
) -> None:
    """One of both computes, the other takes its outputs; there is one version in the end."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    first = pipelines.hold_for_all.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    second = pipelines.hold_for_all.delay(str(log), str(gate))
    wait_until(lambda: second.status() is RunStatus.WAITING, 10)
    assert step_run(second, "held_for_all").awaits == f"{first.id}/held_for_all"
    _holder(pair, first, "held_for_all").kill()
    killed = time.monotonic()
    wait_until(lambda: len(lines(log)) == 2, 15)
    assert time.monotonic() - killed < LEASE + 2.0
    gate.touch()
    assert [handle.get(timeout=10) for handle in (first, second)] == [2.0, 2.0]
    assert len(lines(log)) == 2
    (version,) = Client().list_artifact_versions("held_for_all")
    computed = str(version.record.record.run)
    taken = {handle.id: step_run(handle, "held_for_all").cached_from for handle in (first, second)}
    assert taken.pop(computed) is None
    assert list(taken.values()) == [f"{computed}/held_for_all"]
