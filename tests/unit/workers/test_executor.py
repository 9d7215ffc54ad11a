"""One delivery of a step, from claim to completion, without Celery."""

import threading
from collections.abc import Callable
from typing import cast

import pytest
from fakeredis import FakeRedis, FakeServer

from raincheck import (
    Client,
    Deployment,
    log_metadata,
    pipeline,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.index import Connection, Index
from raincheck.index.connection import Commands
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.pipelines import ValueInput
from raincheck_contracts.runs import StepState
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.execution.outcomes import Result
from raincheck_workers.liveness.holdings import Holdings
from tests.support.deployments import sent
from tests.support.local_execution import NODE, LocalWorker

_before_return: list[Callable[[], object]] = []
"""Called by the step `meanwhile` while it runs."""


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@step(retries=1)
def picky(value: float) -> float:
    """Wants what is not negative."""
    if value < 0:
        raise ValueError("negative")
    return value


@step
def meanwhile(end: str) -> float:
    """Something else happens while it runs."""
    for action in _before_return:
        action()
    if end == "failure":
        raise ValueError("too late")
    return 1.0


@step
def measured(value: float) -> float:
    """Logs metadata for its output."""
    log_metadata({"MSE": 0.5})
    return value


@pipeline
def double_it(value: float) -> float:
    """One step."""
    return double(value)


@pipeline
def double_newest(name: str) -> float:
    """One step with a reference."""
    return double(Client().get_artifact_version(name))


@pipeline
def pick(value: float) -> float:
    """One step that may be tried twice."""
    return picky(value)


@pipeline
def something_happens(end: str = "success") -> float:
    """One step."""
    return meanwhile(end)


@pipeline
def measure(value: float) -> float:
    """One step."""
    return measured(value)


@pytest.fixture
def worker(deployment: Deployment) -> LocalWorker:
    """Executes deliveries here."""
    _before_return.clear()
    return LocalWorker(deployment)


def _one(worker: LocalWorker) -> StepTask:
    (task,) = sent(worker.deployment)
    return task


def _state(worker: LocalWorker, task: StepTask) -> StepState:
    return worker.deployment.index.records.stored_run(task.run).state(task.step.name)


def test_a_step_that_succeeds_is_published_and_recorded(worker: LocalWorker) -> None:
    """The outcome names what was bound and what was published."""
    save_artifact(3.0, "model")
    double_newest.delay("model")
    task = _one(worker)
    outcome = worker.execute(task)
    assert (outcome.result, outcome.step) == (Result.SUCCEEDED, "double")
    assert outcome.bindings["model:latest"].version == "1"
    assert Client().get_artifact_version(*outcome.outputs["output"].split("@")).load() == 6.0
    assert _state(worker, task) is StepState.SUCCEEDED


def test_metadata_of_an_output_comes_with_it(worker: LocalWorker) -> None:
    """In the same publication."""
    measure.delay(1.0)
    outcome = worker.execute(_one(worker))
    version = Client().get_artifact_version(*outcome.outputs["output"].split("@"))
    assert version.run_metadata["MSE"] == 0.5


def test_a_step_without_its_references_is_parked(worker: LocalWorker) -> None:
    """No slot is held; the outcome says what is missing."""
    double_newest.delay("model")
    task = _one(worker)
    outcome = worker.execute(task)
    assert outcome.result is Result.PARKED
    assert outcome.detail == "model:latest: artifact 'model' has no versions yet"
    assert _state(worker, task) is StepState.WAITING


def test_a_repeated_delivery_is_refused(worker: LocalWorker) -> None:
    """The first has ended the step."""
    double_it.delay(1.0)
    task = _one(worker)
    worker.execute(task)
    outcome = worker.execute(task)
    assert (outcome.result, outcome.detail) == (Result.REFUSED, "REFUSED step is S")


def test_a_forged_delivery_is_refused(worker: LocalWorker) -> None:
    """Its inputs are not those that were submitted."""
    double_it.delay(1.0)
    task = _one(worker)
    inputs = {"value": ValueInput(value=1_000.0)}
    forged = task.model_copy(update={"step": task.step.model_copy(update={"inputs": inputs})})
    outcome = worker.execute(forged)
    assert outcome.result is Result.REFUSED
    assert outcome.detail.startswith("FORGED")
    assert _state(worker, task) is StepState.QUEUED


def test_a_step_that_is_not_imported_is_declined(worker: LocalWorker) -> None:
    """A message names a function, it never brings one."""
    double_it.delay(1.0)
    task = _one(worker)
    foreign = task.step.model_copy(update={"function": "os:system"})
    outcome = worker.executor.execute(task.model_copy(update={"step": foreign}), "celery-id")
    assert outcome.result is Result.DECLINED
    assert "no step os:system in the modules" in outcome.detail
    assert _state(worker, task) is StepState.QUEUED


def test_an_error_uses_up_a_try(worker: LocalWorker) -> None:
    """The first gives a message for the second, which is the last."""
    pick.delay(-1.0)
    task = _one(worker)
    first = worker.execute(task)
    assert first.result is Result.RETRY
    assert first.detail == "builtins.ValueError: negative"
    assert len(first.messages) == 1
    assert worker.execute(task).result is Result.FAILED
    assert _state(worker, task) is StepState.FAILED


@pytest.mark.parametrize("end", ["success", "failure"])
def test_an_attempt_that_lost_its_step_changes_nothing(worker: LocalWorker, end: str) -> None:
    """Whether it succeeds or fails in the end: both writes are refused."""
    handle = something_happens.delay(end)
    task = _one(worker)
    _before_return.append(lambda: worker.deployment.index.nodes.leave(NODE))
    outcome = worker.execute(task)
    assert outcome.result is Result.SUPERSEDED
    step_run = handle.run().steps[0]
    assert (step_run.state, step_run.lost, step_run.outputs) == (StepState.QUEUED, 0, {})


def test_a_cancelled_run_is_not_completed(worker: LocalWorker) -> None:
    """Its output is dropped."""
    handle = something_happens.delay()
    _before_return.append(handle.cancel)
    assert worker.execute(_one(worker)).result is Result.SUPERSEDED
    assert handle.run().steps[0].state is StepState.CANCELLED


def _breakable(deployment: Deployment) -> tuple[FakeServer, Deployment]:
    """The same kind of deployment on a server that can be made to refuse connections."""
    server = FakeServer()
    namespace = deployment.index.namespace
    client = cast("Commands", FakeRedis(server=server))
    index = Index(Connection("redis://fake", namespace, client=client))
    return server, Deployment(deployment.settings, index=index)


def test_an_index_that_is_away_is_asked_again(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """A completion is not given up: the step would run for nobody."""
    server, breakable = _breakable(deployment)
    with use_deployment(breakable):
        worker = LocalWorker(breakable)
        handle = something_happens.delay()
        (task,) = sent(breakable)

        def go_away() -> None:
            server.connected = False
            threading.Timer(0.2, setattr, (server, "connected", True)).start()

        _before_return.append(go_away)
        assert worker.execute(task).result is Result.SUCCEEDED
        assert "index away" in caplog.messages
        assert handle.get(timeout=1) == 1.0
    breakable.hints.app.close()


def test_an_index_that_stays_away_is_given_up(deployment: Deployment) -> None:
    """The error reaches Celery, whose main process gives the step back."""
    server, breakable = _breakable(deployment)
    with use_deployment(breakable):
        LocalWorker(breakable)
        something_happens.delay()
        (task,) = sent(breakable)
        impatient = Executor(
            breakable, breakable.hints, Place(lambda: NODE, 1, Holdings()), patience=0.2
        )
        _before_return.append(lambda: setattr(server, "connected", False))
        with pytest.raises(IndexUnavailableError):
            impatient.execute(task, "celery-id")
    breakable.hints.app.close()
