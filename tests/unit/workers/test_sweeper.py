"""The sweeper: sends again what was lost, wakes, reaps."""

import pytest

from raincheck import Client, Deployment, RunStatus, pipeline, save_artifact, step
from raincheck.index.run_scripts import Delivery
from raincheck.messaging.waking import wake
from raincheck_workers.liveness.sweeper import Sweeper
from tests.support.builders import digest, nonce
from tests.support.deployments import sent
from tests.support.dumps import ask, key
from tests.support.local_execution import LocalWorker
from tests.support.waiting import wait_until


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@pipeline
def double_it() -> float:
    """One step."""
    return double(1.0)


@pipeline
def double_newest(name: str) -> float:
    """One step with a reference."""
    return double(Client().get_artifact_version(name))


def _sweeper(deployment: Deployment, length: int | None = 0) -> Sweeper:
    return Sweeper(deployment.index, deployment.hints, 1, lambda _: length)


def _pass_ticks(deployment: Deployment, count: int) -> None:
    ask(deployment.index, "HINCRBY", key(deployment.index, "index"), "tick", count)


def test_a_lost_message_is_sent_again_when_it_is_overdue(deployment: Deployment) -> None:
    """Not before, and then ever more seldom."""
    double_it.delay()
    assert len(sent(deployment)) == 1
    sweeper = _sweeper(deployment)
    sweeper.sweep()
    assert sent(deployment) == []
    _pass_ticks(deployment, 21)
    sweeper.sweep()
    sweeper.sweep()
    assert len(sent(deployment)) == 1
    _pass_ticks(deployment, 21)
    sweeper.sweep()
    assert len(sent(deployment)) == 1
    _pass_ticks(deployment, 21)
    sweeper.sweep()
    assert sent(deployment) == [], "now it is looked at after 30 seconds"


def test_without_a_sweep_nobody_sends_it_again(deployment: Deployment) -> None:
    """Neither the passing of time nor another submission does."""
    double_it.delay()
    sent(deployment)
    _pass_ticks(deployment, 10_000)
    handle = double_it.delay()
    assert [task.run for task in sent(deployment)] == [handle.id]


@pytest.mark.parametrize("length", [2, 1_000, None])
def test_a_full_or_unknown_queue_is_given_time(deployment: Deployment, length: int | None) -> None:
    """The message may be in it: a backlog must not grow by what looks lost."""
    double_it.delay()
    sent(deployment)
    _pass_ticks(deployment, 21)
    _sweeper(deployment, length).sweep()
    assert sent(deployment) == []
    _pass_ticks(deployment, 1_200)
    _sweeper(deployment, length).sweep()
    assert len(sent(deployment)) == 1, "ten minutes are enough for any queue"


def test_a_sweep_queues_the_steps_of_silent_nodes(deployment: Deployment) -> None:
    """A node that does not beat for its lease is dead."""
    handle = double_it.delay()
    (task,) = sent(deployment)
    deployment.index.nodes.beat("n", 4, register=True)
    deployment.index.runs.claim(
        task.run,
        "double",
        digest=digest(task.step.canonical_json()),
        delivery=Delivery(nonce=nonce(), node="n", pid=1, task="t"),
        references="",
    )
    _pass_ticks(deployment, 4)
    _sweeper(deployment).sweep()
    assert handle.status() is RunStatus.RUNNING
    _pass_ticks(deployment, 1)
    _sweeper(deployment).sweep()
    assert [task.run for task in sent(deployment)] == [handle.id]


def test_a_sweep_says_when_the_next_timer_is_due(deployment: Deployment) -> None:
    """So that a delayed start is not half a second late."""
    sweeper = _sweeper(deployment)
    assert sweeper.sweep() == 0.5
    double_it.apply_async(countdown=0.2)
    assert 0 < sweeper.sweep() <= 0.2
    wait_until(lambda: (sweeper.sweep(), sent(deployment))[1], 2)


def test_its_thread_wakes_what_a_dead_publisher_left(deployment: Deployment) -> None:
    """A publication that nobody followed up; the thread ends when told."""
    worker = LocalWorker(deployment)
    handle = double_newest.delay("model")
    worker.work()
    assert handle.status() is RunStatus.WAITING
    new = deployment.store.prepare(1.0, "model")
    deployment.store.publish(new)
    sweeper = _sweeper(deployment)
    sweeper.start()
    wait_until(lambda: handle.status() is RunStatus.QUEUED, 2)
    sweeper.stop()
    assert not sweeper.is_alive()
    worker.work()
    assert handle.get(timeout=1) == 2.0


def test_waking_has_its_patience(deployment: Deployment) -> None:
    """What is more than that is left for the sweepers."""
    worker = LocalWorker(deployment)
    for _ in range(3):
        double_newest.delay("model")
    worker.work()
    new = deployment.store.prepare(1.0, "model")
    deployment.store.publish(new)
    assert wake(deployment.index, deployment.hints) == 3
    assert wake(deployment.index, deployment.hints, patience=0.0) == 0
    assert len(sent(deployment)) == 3
    save_artifact(2.0, "model")
    assert sent(deployment) == []


def test_what_was_kept_long_enough_is_forgotten(deployment: Deployment) -> None:
    """By any worker, soon after it starts."""
    events = key(deployment.index, "events")
    ask(deployment.index, "XADD", events, "1-1", "k", "x", "t", 0)
    sweeper = _sweeper(deployment)
    sweeper.start()
    wait_until(lambda: ask(deployment.index, "XLEN", events) == 0)
    sweeper.stop()
