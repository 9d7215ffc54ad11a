"""The heartbeat: it beats, kills only children, gives back what the dead held."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator

import pytest

from raincheck import Deployment, pipeline, step
from raincheck.index import Connection, Index
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import StepState
from raincheck_workers.executor import Executor, Place
from raincheck_workers.heartbeat import Heartbeat, lease_ticks
from raincheck_workers.node import NodeIdentity
from tests.support.deployments import sent
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


class Node:
    """A node with its heartbeat, which only this test moves."""

    def __init__(self, deployment: Deployment, *children: int, forks: bool = True) -> None:
        self.deployment = deployment
        self.identity = NodeIdentity()
        self.children = list(children)
        self.heartbeat = Heartbeat(
            deployment.index,
            self.identity,
            10.0,
            deployment.hints,
            children=(lambda: self.children) if forks else None,
        )
        self.heartbeat.register()

    def claim(self, pid: int) -> StepTask:
        """A step that a process of this node runs."""
        one_step.delay()
        (task,) = sent(self.deployment)
        place = Place(self.identity.current, pid)
        executor = Executor(self.deployment, self.deployment.hints, place)
        answer = executor._claim(task, _delivery(self.identity.current(), pid))
        assert type(answer).__name__ == "Claimed"
        return task

    def round(self) -> None:
        """One turn of the thread."""
        self.heartbeat._round()

    def state(self, task: StepTask) -> StepState:
        """State of a step."""
        return self.deployment.index.records.stored_run(task.run).state(task.step.name)


def _delivery(node: str, pid: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from raincheck.index.run_scripts import Delivery
    from tests.support.builders import nonce

    return Delivery(nonce=nonce(), node=node, pid=pid, task="t")


def _runs(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
