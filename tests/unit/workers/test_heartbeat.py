"""The heartbeat: it beats, kills only children, gives back what the dead held."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from fakeredis import FakeRedis, FakeServer

from raincheck import Deployment, pipeline, step, use_deployment
from raincheck.index import Connection, Index
from raincheck.index.connection import Commands
from raincheck.index.replies import Claimed
from raincheck.index.run_scripts import Delivery
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import StepState
from raincheck_workers.liveness.heartbeat import Heartbeat, lease_ticks
from raincheck_workers.liveness.identity import NodeIdentity
from tests.support.builders import digest, nonce
from tests.support.deployments import local_deployment, sent
from tests.support.dumps import ask, key
from tests.support.waiting import wait_until


@step
def idle(value: float) -> float:
    """Never called here."""
    return value


@pipeline
def one_step() -> float:
    """One step."""
    return idle(1.0)


@pytest.fixture
def child() -> Generator[int]:
    """A process that does nothing until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.kill()
    process.communicate()


class Pool(list[int]):
    """The processes that this test says there are."""

    def living(self) -> list[int]:
        """All of the list."""
        return self

    def ending(self, pid: int) -> str:
        """Each has ended in the same way."""
        return f"signal 9 (SIGKILL) of {pid}"


class Node:
    """A node with its heartbeat, which only this test moves."""

    def __init__(
        self,
        deployment: Deployment,
        *children: int,
        forks: bool = True,
        lease: float = 10.0,
        grace: float = 20.0,
    ) -> None:
        self.deployment = deployment
        self.identity = NodeIdentity()
        self.held = ExitStack()
        """Closing it lets go of all that is held, as a process does that has gone on."""
        self.children = Pool(children)
        self.heartbeat = Heartbeat(
            deployment.index,
            self.identity,
            lease,
            deployment.hints,
            children=self.children if forks else None,
            grace=grace,
        )
        self.heartbeat.register()

    def claim(self, pid: int) -> StepTask:
        """A step that a process of this node runs."""
        one_step.delay()
        (task,) = sent(self.deployment)
        delivery = Delivery(nonce=nonce(), node=self.identity.current(), pid=pid, task="t")
        self.held.enter_context(self.identity.holdings.hold(delivery.nonce))
        answer = self.deployment.index.runs.claim(
            task.run,
            task.step.name,
            digest=digest(task.step.canonical_json()),
            delivery=delivery,
            references="",
        )
        assert isinstance(answer, Claimed)
        return task

    def turn(self) -> None:
        """One turn of the thread."""
        self.heartbeat.turn()

    def state(self, task: StepTask) -> StepState:
        """State of a step."""
        return self.deployment.index.records.stored_run(task.run).state(task.step.name)


def _tick(deployment: Deployment) -> int:
    return int(ask(deployment.index, "HGET", key(deployment.index, "index"), "tick"))


def _runs(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def test_a_lease_is_counted_in_half_seconds() -> None:
    """As the index counts its ticks."""
    assert (lease_ticks(3.0), lease_ticks(10.0), lease_ticks(1.1)) == (6, 20, 3)


def test_a_dead_child_gives_its_step_back(deployment: Deployment) -> None:
    """Its message is sent again at once; steps of living children stay."""
    node = Node(deployment, 11, 12)
    lost, kept = node.claim(11), node.claim(12)
    node.turn()
    node.children.remove(11)
    node.turn()
    assert (node.state(lost), node.state(kept)) == (StepState.QUEUED, StepState.RUNNING)
    assert [task.run for task in sent(deployment)] == [lost.run]


def test_a_reported_death_is_believed(deployment: Deployment) -> None:
    """Celery knows it before the list of the pool does."""
    node = Node(deployment, 11)
    lost = node.claim(11)
    node.heartbeat.report_dead(11)
    node.turn()
    assert node.state(lost) is StepState.QUEUED


def test_the_process_of_a_step_that_is_over_is_killed(deployment: Deployment, child: int) -> None:
    """The index says which; it is asked for once."""
    node = Node(deployment, child)
    task = node.claim(child)
    deployment.index.runs.cancel(task.run, "over")
    node.turn()
    wait_until(lambda: not _runs(child))
    assert node.state(task) is StepState.CANCELLED
    assert not deployment.index.nodes.beat(node.identity.current(), 20).kill


def test_only_children_of_the_pool_are_ever_killed(deployment: Deployment, child: int) -> None:
    """A number in the index is no proof: another process may have it by now."""
    node = Node(deployment)
    task = node.claim(child)
    deployment.index.runs.cancel(task.run, "over")
    deployment.index.nodes.leave(node.identity.current())
    node.turn()
    assert deployment.index.records.nodes() == [node.identity.current()]
    assert _runs(child)


def test_a_pool_of_threads_kills_nothing_and_loses_no_other_step(deployment: Deployment) -> None:
    """All its steps have the process's own number."""
    node = Node(deployment, forks=False)
    over, kept = node.claim(os.getpid()), node.claim(os.getpid())
    deployment.index.runs.cancel(over.run, "over")
    node.turn()
    node.heartbeat.report_dead(os.getpid())
    node.turn()
    assert (node.state(over), node.state(kept)) == (StepState.CANCELLED, StepState.RUNNING)
    assert sent(deployment) == []


def test_a_node_taken_for_dead_goes_on_under_a_new_id(deployment: Deployment, child: int) -> None:
    """What its children still compute would be refused: they are killed."""
    node = Node(deployment, child)
    task, before = node.claim(child), node.identity.current()
    node.turn()
    deployment.index.nodes.leave(before)
    node.turn()
    assert node.identity.current() != before
    assert deployment.index.records.nodes() == [node.identity.current()]
    wait_until(lambda: not _runs(child))
    assert node.state(task) is StepState.QUEUED


def test_without_an_index_for_a_lease_it_stops_its_children(tmp_path: Path, child: int) -> None:
    """Others have taken their steps by then; sooner they may go on."""
    server = FakeServer()
    client = cast("Commands", FakeRedis(server=server))
    index = Index(Connection("redis://fake", "away", client=client))
    with local_deployment(tmp_path, index) as away, use_deployment(away):
        node = Node(away, child, lease=1.0)
        node.claim(child)  # since the last beat: the heartbeat has not heard of it
        server.connected = False
        gone = time.monotonic()
        node.turn()
        assert _runs(child)

        def stopped() -> bool:
            node.turn()
            return not _runs(child)

        wait_until(stopped, 5)
        assert time.monotonic() - gone > 0.9


def test_a_step_that_no_process_holds_is_given_back(deployment: Deployment) -> None:
    """As after a rollback: the index has forgotten that the attempt ended."""
    node = Node(deployment, 11)
    task = node.claim(11)
    for _ in range(3):
        node.turn()
    assert node.state(task) is StepState.RUNNING
    node.held.close()
    node.turn()
    assert node.state(task) is StepState.RUNNING, "a look may come between two writes of a process"
    node.turn()
    assert node.state(task) is StepState.QUEUED
    assert [item.run for item in sent(deployment)] == [task.run]


def test_a_step_that_outlasts_the_grace_of_its_worker_is_given_back(
    deployment: Deployment, child: int
) -> None:
    """Its process is killed, and its worker's end does not count as its fault."""
    node = Node(deployment, child, grace=0.3)
    task = node.claim(child)
    node.heartbeat.drain()
    node.turn()
    assert node.state(task) is StepState.RUNNING

    def given_back() -> bool:
        node.turn()
        return node.state(task) is StepState.QUEUED

    wait_until(given_back)
    wait_until(lambda: not _runs(child))
    record = key(deployment.index, f"step:{task.run}/{task.step.name}")
    assert ask(deployment.index, "HGET", record, "lost") is None


def test_a_second_signal_does_not_prolong_the_grace(deployment: Deployment, child: int) -> None:
    """Whoever stops workers may send what it has all the time."""
    node = Node(deployment, child, grace=0.3)
    task = node.claim(child)

    def given_back() -> bool:
        node.heartbeat.drain()
        node.turn()
        return node.state(task) is StepState.QUEUED

    wait_until(given_back)


def test_the_tick_goes_on_when_nobody_else_moves_it(deployment: Deployment) -> None:
    """Not at each beat: when it has stood still for half a second."""
    node = Node(deployment)
    tick = _tick(deployment)
    begun = time.monotonic()

    def moved() -> bool:
        node.turn()
        return _tick(deployment) == tick + 3

    wait_until(moved)
    assert 1.2 < time.monotonic() - begun < 3.0


def test_a_revoked_task_cancels_its_run(deployment: Deployment) -> None:
    """One that has ended already stays as it is."""
    node = Node(deployment, 11)
    task = node.claim(11)
    node.heartbeat.report_revoked(task.run)
    node.heartbeat.report_revoked(task.run)
    node.turn()
    assert node.state(task) is StepState.CANCELLED


def test_a_revocation_outlasts_an_index_that_is_away(tmp_path: Path) -> None:
    """Nobody else knows of it: it is done when the index answers again."""
    server = FakeServer()
    client = cast("Commands", FakeRedis(server=server))
    index = Index(Connection("redis://fake", "revoked", client=client))
    with local_deployment(tmp_path, index) as away, use_deployment(away):
        node = Node(away, 11)
        task = node.claim(11)
        node.heartbeat.report_revoked(task.run)
        server.connected = False
        node.turn()
        server.connected = True
        node.turn()
        assert node.state(task) is StepState.CANCELLED


def test_a_signal_handler_may_interrupt_whoever_reports(deployment: Deployment) -> None:
    """A second SIGTERM, or one in the middle of a report, must not block the main thread."""
    node = Node(deployment)
    interrupted: list[int] = []

    def handle(number: int, _: object) -> None:
        node.heartbeat.drain()
        interrupted.append(number)

    before = signal.signal(signal.SIGUSR1, handle)
    sender = threading.Thread(target=_send_signals, args=(interrupted, 50), daemon=True)
    sender.start()
    while sender.is_alive():
        node.heartbeat.report_dead(1)
    signal.signal(signal.SIGUSR1, before)
    assert len(interrupted) == 50


def _send_signals(handled: list[int], count: int) -> None:
    """Signals that come at once count as one: the next is sent when one is handled."""
    for number in range(1, count + 1):
        os.kill(os.getpid(), signal.SIGUSR1)
        while len(handled) < number:
            time.sleep(0.0001)  # a handler may take no lock to tell: it interrupts who holds it


def test_a_thread_beats_until_it_is_stopped(deployment: Deployment) -> None:
    """Then the node takes leave, and what it ran is queued again."""
    node = Node(deployment, 11)
    task = node.claim(11)
    node.heartbeat.start()
    node.heartbeat.drain()
    name = node.identity.current()
    record = key(deployment.index, f"node:{name}")
    wait_until(lambda: ask(deployment.index, "HGET", record, "drain") == b"1")
    node.heartbeat.stop()
    assert not node.heartbeat.is_alive()
    assert deployment.index.records.nodes() == []
    assert node.state(task) is StepState.QUEUED
