"""Queueing a pipeline: what is recorded, what is sent, what is refused."""

import logging
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from raincheck import (
    Client,
    Deployment,
    Model,
    RunStatus,
    Settings,
    external_artifact,
    pipeline,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.queueing.enqueue import compile_stored
from raincheck_contracts.errors import (
    IdempotencyConflictError,
    IndexUnavailableError,
    MessageTooLargeError,
    ParameterError,
)
from tests.support.deployments import sent


@step
def first(value: float) -> float:
    """Takes a value."""
    return value


@step(queue="gpu")
def second(value: float) -> float:
    """Has a queue of its own."""
    return value


@pipeline
def two_steps(value: float = 1.0) -> float:
    """One step after the other."""
    return second(first(value))


@pipeline
def refer(name: str) -> float:
    """Refers to an artifact."""
    return first(Client().get_artifact_version(name))


@pipeline
def hand_over(values: list[float]) -> list[float]:
    """Hands a large value over."""
    return keep(external_artifact(value=values, name="given"))


@step
def keep(values: list[float]) -> list[float]:
    """Takes a list."""
    return values


@pipeline
def roots() -> None:
    """Two steps that need nothing."""
    first(1.0)
    second(2.0)


def test_a_queued_run_is_recorded_and_its_ready_steps_are_sent(deployment: Deployment) -> None:
    """Each to its queue, as the contract says; what needs others is not sent."""
    handle = two_steps.delay(3.0)
    run = handle.run()
    assert (run.pipeline, run.status, run.parameters) == (
        "two_steps",
        RunStatus.QUEUED,
        {"value": 3.0},
    )
    (task,) = sent(deployment)
    assert (task.run, task.pipeline, task.namespace) == (
        handle.id,
        "two_steps",
        deployment.index.namespace,
    )
    assert task.step == deployment.index.records.spec(handle.id).steps[0]
    assert sent(deployment, "gpu") == []


def test_a_queue_given_with_the_call_is_that_of_steps_without_one(deployment: Deployment) -> None:
    """A step's own queue stays."""
    roots.apply_async(queue="nightly")
    assert [task.step.name for task in sent(deployment, "nightly")] == ["first"]
    assert [task.step.name for task in sent(deployment, "gpu")] == ["second"]
    assert sent(deployment) == []


def test_a_countdown_is_kept_in_the_index_and_nothing_is_sent(deployment: Deployment) -> None:
    """Celery never sees a delayed message."""
    handle = two_steps.apply_async(countdown=60)
    assert handle.status() is RunStatus.QUEUED
    assert sent(deployment) == []
    messages, due_in = deployment.index.runs.due(())
    assert messages == ()
    assert 50_000 < due_in <= 60_000


@pytest.mark.parametrize("zone", [UTC, None])
def test_an_eta_is_aware_or_local_time(deployment: Deployment, zone: tzinfo | None) -> None:
    """As Celery takes it."""
    two_steps.apply_async(eta=datetime.now(zone) + timedelta(seconds=60))
    assert sent(deployment) == []
    _, due_in = deployment.index.runs.due(())
    assert 50_000 < due_in <= 60_000


def test_an_eta_that_has_passed_starts_at_once(deployment: Deployment) -> None:
    """Late is not never."""
    two_steps.apply_async(eta=datetime.now(UTC) - timedelta(seconds=60))
    assert len(sent(deployment)) == 1


@pytest.mark.usefixtures("deployment")
def test_options_that_contradict_are_refused() -> None:
    """Nothing is recorded."""
    with pytest.raises(ParameterError, match="countdown or eta, not both"):
        two_steps.apply_async(countdown=1, eta=datetime.now(UTC))
    with pytest.raises(ParameterError, match="priority 10 is not 0 to 9"):
        two_steps.apply_async(priority=10)


@pytest.mark.parametrize("countdown", [-1.0, float("nan"), float("inf")])
def test_a_countdown_is_a_time_from_now(deployment: Deployment, countdown: float) -> None:
    """It says so instead of starting at once."""
    with pytest.raises(ParameterError, match="countdown"):
        two_steps.apply_async(countdown=countdown)
    with pytest.raises(ParameterError, match="expires"):
        two_steps.apply_async(expires=countdown)
    assert deployment.index.records.run_ids(10) == []


def test_two_calls_with_one_key_are_one_run(deployment: Deployment) -> None:
    """The second sends nothing; other parameters are a conflict that names the run."""
    one = two_steps.apply_async([1.0], idempotency_key="k")
    again = two_steps.apply_async([1.0], idempotency_key="k")
    assert one.id == again.id
    assert len(sent(deployment)) == 1
    with pytest.raises(IdempotencyConflictError, match=one.id):
        two_steps.apply_async([2.0], idempotency_key="k")


def test_an_external_artifact_is_stored_once_by_its_digest(deployment: Deployment) -> None:
    """The message holds its reference; equal values are one version."""
    values = [0.5] * 5_000
    hand_over.delay(values)
    hand_over.delay(list(values))
    versions = list(Client().list_artifact_versions("given"))
    assert [version.load() for version in versions] == [values]
    assert all("0.5" not in task.step.canonical_json() for task in sent(deployment))
    assert versions[0].version.startswith("b3-")


def test_a_message_over_the_limit_is_refused_before_anything_is_recorded(
    deployment: Deployment,
) -> None:
    """The compiler's limit of a value is below it; a long list of values reaches it."""
    with pytest.raises(MessageTooLargeError):
        many_values.delay(["x" * 1_000] * 70)
    assert deployment.index.records.run_ids(10) == []


@step
def take_texts(values: list[str]) -> int:
    """Takes many texts."""
    return len(values)


@pipeline
def many_values(values: list[str]) -> int:
    """Hands them over as they are."""
    return take_texts(values)


@pytest.mark.usefixtures("deployment")
def test_a_reference_to_an_unknown_artifact_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """With near names, since it may be a slip; the run waits for it all the same."""
    save_artifact(1.0, "trained_model")
    with caplog.at_level(logging.WARNING, logger="raincheck.queueing.enqueue"):
        handle = refer.delay("traned_model")
        refer.delay("trained_model")
    (record,) = (item for item in caplog.records if item.name == "raincheck.queueing.enqueue")
    assert "waits for artifact 'traned_model', which has no versions yet" in record.getMessage()
    assert "did you mean trained_model?" in record.getMessage()
    assert handle.status() is RunStatus.QUEUED


@pipeline(model=Model("chrun", stage="production"))
def of_stage() -> int:
    """Works on a model that is misspelt, and has a reference to another."""
    other = Client().get_artifact_version("report", model=Model("fruad"))
    return take_texts([other])


def test_an_unknown_model_is_warned_of(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """That of the pipeline and that of a reference, each once; not one that has versions."""
    for name in ("churn", "fraud"):
        Client(deployment).create_model_version(name)
    with caplog.at_level(logging.WARNING, logger="raincheck.queueing.enqueue"):
        handle = of_stage.delay()
    said = [item.getMessage() for item in caplog.records if item.name.endswith("queueing.enqueue")]
    assert said == [
        "pipeline of_stage waits for model 'chrun', which has no versions yet; did you mean churn?",
        "pipeline of_stage waits for model 'fruad', which has no versions yet; did you mean fraud?",
    ]
    assert handle.status() is RunStatus.QUEUED


def test_compiling_stores_nothing_but_external_artifacts(deployment: Deployment) -> None:
    """No run comes of it."""
    compile_stored(deployment, hand_over, ([1.0],), {})
    assert deployment.index.records.run_ids(10) == []
    assert deployment.index.records.artifact_names() == ["given"]


def test_without_an_index_nothing_is_accepted() -> None:
    """The caller must know: it raises."""
    away = Deployment(Settings(url="redis://127.0.0.1:1/0"))
    with use_deployment(away), pytest.raises(IndexUnavailableError, match=r"127\.0\.0\.1:1"):
        two_steps.delay()
