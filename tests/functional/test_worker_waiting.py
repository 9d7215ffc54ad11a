"""Waiting for what does not exist yet, on each of Celery's pools."""

import time
from collections.abc import Callable, Generator

import pytest

from raincheck import Client, RunStatus, save_artifact, use_deployment
from raincheck_contracts.errors import StepFailedError
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet, step_run

pytestmark = pytest.mark.functional


@pytest.fixture(scope="module", params=["prefork", "threads", "solo"])
def _pool(request: pytest.FixtureRequest, valkey_url: str) -> Generator[Fleet]:
    with running_fleet(valkey_url) as fleet:
        fleet.start(pool=request.param)
        yield fleet


@pytest.fixture
def pool(_pool: Fleet) -> Generator[Fleet]:
    """A deployment with a worker, once for each pool."""
    with use_deployment(_pool.deployment):
        yield _pool


@pytest.mark.usefixtures("pool")
def test_a_consumer_queued_before_its_producer_wakes(fresh: Callable[[str], str]) -> None:
    """It waits with a reason, wakes at the publication, and all its bindings fit together."""
    name = fresh("model")
    handle = pipelines.join_two.delay(name)
    wait_until(lambda: handle.status() is RunStatus.WAITING)
    reason = handle.why()
    assert f"waits for {name}@2: artifact '{name}' has no versions yet" in reason
    assert f"waits for {name}:latest#/MSE" in reason
    save_artifact(10.0, name, metadata={"MSE": 0.1})
    wait_until(lambda: f"'{name}' has no version '2' yet" in handle.why())
    save_artifact(20.0, name, metadata={"MSE": 0.2})
    assert handle.get(timeout=10) == [20.0, 20.0, 0.2, 0.2]
    bound = step_run(handle, "join")
    assert {binding.revision for binding in bound.bindings.values()} == {bound.revision}
    assert {binding.version for binding in bound.bindings.values()} == {"2"}
    assert set(bound.bindings) == {
        f"{name}@2",
        f"{name}:latest",
        f"{name}@2#/MSE",
        f"{name}:latest#/MSE",
    }


@pytest.mark.usefixtures("pool")
def test_a_publication_wakes_a_waiting_step_at_once(fresh: Callable[[str], str]) -> None:
    """The publisher itself sends the message: nothing polls for it."""
    name = fresh("model")
    handle = pipelines.double_newest.delay(name)
    wait_until(lambda: handle.status() is RunStatus.WAITING)
    begun = time.monotonic()
    save_artifact(4.0, name)
    wait_until(lambda: handle.status() is RunStatus.SUCCEEDED)
    assert time.monotonic() - begun < 1.0
    assert handle.get() == 8.0


@pytest.mark.usefixtures("pool")
def test_latest_is_what_is_newest_when_the_step_starts(fresh: Callable[[str], str]) -> None:
    """What was newest when the pipeline was queued does not matter, nor what comes after."""
    name = fresh("model")
    save_artifact(1.0, name)
    handle = pipelines.double_newest.apply_async([name], countdown=0.4)
    save_artifact(2.0, name)
    assert handle.get(timeout=10) == 4.0
    save_artifact(3.0, name)
    (binding,) = step_run(handle, "double").bindings.values()
    assert (binding.artifact, binding.version) == (name, "2")


@pytest.mark.usefixtures("pool")
def test_a_wait_that_ends_fails_the_step_and_names_what_is_missing(
    fresh: Callable[[str], str],
) -> None:
    """Each missing reference has its own sentence, and a handle raises them."""
    name = fresh("model")
    handle = pipelines.wait_shortly.delay(name, 0.5)
    with pytest.raises(StepFailedError) as caught:
        handle.get(timeout=10)
    message = str(caught.value)
    assert f"{name}@1: artifact '{name}' has no versions yet" in message
    assert f"{name}-other:production: artifact '{name}-other' has no versions yet" in message
    assert step_run(handle, "join").state is StepState.FAILED


@pytest.mark.usefixtures("pool")
def test_an_alias_wakes_who_waits_for_it(fresh: Callable[[str], str]) -> None:
    """A version alone is not enough; setting the alias is."""
    name = fresh("model")
    handle = pipelines.wait_shortly.delay(name, 20.0)
    save_artifact(1.0, name)
    save_artifact(2.0, f"{name}-other")
    wait_until(lambda: "has no alias 'production' yet" in handle.why())
    Client().set_alias(f"{name}-other", "production")
    assert handle.get(timeout=10) == [1.0, 2.0, 0.0, 0.0]


@pytest.mark.usefixtures("pool")
def test_metadata_wakes_who_waits_for_it(fresh: Callable[[str], str]) -> None:
    """The version exists; what is missing is what will be logged for it."""
    name = fresh("model")
    save_artifact(1.0, name)
    save_artifact(2.0, name, metadata={"MSE": 0.2})
    handle = pipelines.read_nested.delay(name)
    wait_until(lambda: "has no metadata at '/scores/validation' yet" in handle.why())
    Client().log_metadata(name, {"scores": {"validation": 0.25}})
    assert handle.get(timeout=10) == 0.5
