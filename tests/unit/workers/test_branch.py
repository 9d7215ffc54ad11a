"""Continuation: one message, many steps."""

import pytest

from raincheck import Deployment, pipeline, step
from raincheck_workers.execution import branch
from raincheck_workers.execution.outcomes import Result
from tests.support.deployments import sent
from tests.support.local_execution import LocalWorker


@step
def add_one(value: float) -> float:
    """The next."""
    return value + 1


@step(queue="gpu")
def elsewhere(value: float) -> float:
    """Has a queue of its own."""
    return value


@step(retries=1)
def failing(value: float) -> float:
    """Always fails."""
    raise ValueError(value)


@pipeline
def chain(length: int) -> float:
    """So many steps in a row."""
    value = 0.0
    for _ in range(length):
        value = add_one(value)
    return value


@pipeline
def fan_out() -> None:
    """One step, then two here and one elsewhere."""
    first = add_one(0.0)
    add_one(first)
    elsewhere(first)
    add_one(first)


@pipeline
def change_of_queue() -> None:
    """The second step is another queue's."""
    elsewhere(add_one(0.0))


@pipeline
def fails() -> float:
    """A step that fails, with a retry."""
    return failing(1.0)


def _run(worker: LocalWorker) -> list[str]:
    (task,) = sent(worker.deployment)
    return [item.step for item in branch.run_branch(worker.executor, task, "id")]


def test_a_chain_is_run_to_its_end(deployment: Deployment) -> None:
    """No further message is sent."""
    worker = LocalWorker(deployment)
    handle = chain.delay(10)
    assert len(_run(worker)) == 10
    assert sent(deployment) == []
    assert handle.get(timeout=1) == 10.0


def test_a_message_goes_on_for_sixteen_steps(deployment: Deployment) -> None:
    """Then the next step is a message of its own: a slot is not held for ever."""
    worker = LocalWorker(deployment)
    handle = chain.delay(20)
    assert len(_run(worker)) == branch.MAX_STEPS == 16
    assert len(_run(worker)) == 4
    assert handle.get(timeout=1) == 20.0


def test_a_message_goes_on_for_some_seconds(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here for none."""
    monkeypatch.setattr(branch, "MAX_SECONDS", 0.0)
    worker = LocalWorker(deployment)
    chain.delay(2)
    assert len(_run(worker)) == 1
    assert len(sent(deployment)) == 1


def test_of_several_steps_it_takes_one_and_sends_the_others(deployment: Deployment) -> None:
    """Each to its queue."""
    worker = LocalWorker(deployment)
    fan_out.delay()
    assert _run(worker) == ["add_one", "add_one_2"]
    assert [task.step.name for task in sent(deployment)] == ["add_one_3"]
    assert [task.step.name for task in sent(deployment, "gpu")] == ["elsewhere"]


def test_a_step_of_another_queue_is_sent_there(deployment: Deployment) -> None:
    """This worker might not be one of that queue's."""
    worker = LocalWorker(deployment)
    change_of_queue.delay()
    assert _run(worker) == ["add_one"]
    assert len(sent(deployment, "gpu")) == 1


def test_a_failed_try_is_not_repeated_in_the_same_message(deployment: Deployment) -> None:
    """The retry is a message of its own."""
    worker = LocalWorker(deployment)
    fails.delay()
    assert _run(worker) == ["failing"]
    assert len(sent(deployment)) == 1


def test_a_worker_that_shuts_down_goes_on_with_nothing(deployment: Deployment) -> None:
    """Its node says so, and the completion tells."""
    worker = LocalWorker(deployment)
    chain.delay(2)
    (task,) = sent(deployment)
    deployment.index.nodes.beat("local-node", 1_000, drain=True)
    (outcome,) = branch.run_branch(worker.executor, task, "id")
    assert (outcome.result, outcome.drain) == (Result.SUCCEEDED, True)
    assert len(sent(deployment)) == 1
