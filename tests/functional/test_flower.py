"""What Flower shows of steps: references in words, then versions, and their states."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from raincheck import RunHandle, save_artifact, use_deployment
from tests.functional import pipelines
from tests.support.flower import Flower, running_flower
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, running_fleet

pytestmark = pytest.mark.functional


@pytest.fixture(scope="module")
def _watched(valkey_url: str) -> Generator[tuple[Fleet, Flower]]:
    with running_fleet(valkey_url) as fleet, use_deployment(fleet.deployment):
        fleet.start(concurrency=2)
        with running_flower(fleet) as flower:
            yield fleet, flower


@pytest.fixture
def flower(_watched: tuple[Fleet, Flower]) -> Generator[Flower]:
    """A Flower beside a deployment with a worker."""
    fleet, flower = _watched
    with use_deployment(fleet.deployment):
        yield flower


def test_a_waiting_step_is_shown_with_its_references(
    flower: Flower, fresh: Callable[[str], str]
) -> None:
    """As written, with what it waits for; once it could be bound, with the versions."""
    name = fresh("model")
    handle = pipelines.join_two.delay(name)
    task = flower.wait_for(f"{handle.id}.join", "WAITING")
    assert task["name"] == "join_two.join"
    assert task["args"] == (
        f"join(pinned={name}@2, newest={name}:latest, "
        f"pinned_error={name}@2#/MSE, newest_error={name}:latest#/MSE)"
    )
    assert task["kwargs"].startswith(f"{name}@2: artifact '{name}' has no versions yet")
    for error in (0.25, 0.5):
        save_artifact(1.0, name, metadata={"MSE": error})
    handle.wait(10)
    task = flower.wait_for(f"{handle.id}.join", "SUCCESS")
    wait_until(lambda: f"pinned={name}@2, " in flower.task(f"{handle.id}.join")["kwargs"])
    bound = f"pinned_error={name}@2#/MSE = 0.5, newest_error={name}@2#/MSE = 0.5)"
    assert bound in flower.task(f"{handle.id}.join")["kwargs"]
    assert f"{name}:latest" in task["args"]
    assert "'published': {'joined': 'joined@" in task["result"]


def test_a_queued_step_is_shown_by_its_name(flower: Flower) -> None:
    """Also when no worker has taken it yet."""
    handle = pipelines.double_given.apply_async([1.5], queue="nobodys")
    task = flower.wait_for(f"{handle.id}.double", "PENDING")
    assert (task["name"], task["args"]) == ("double_given.double", "double(value=1.5)")


def test_a_running_step_is_shown_with_its_versions(
    flower: Flower, fresh: Callable[[str], str], tmp_path: Path
) -> None:
    """While it runs: that is when one looks."""
    name, log, gate = fresh("model"), str(tmp_path / "log"), tmp_path / "gate"
    save_artifact(1.0, name)
    handle = pipelines.hold_newest.delay(log, str(gate), name)
    wait_until(lambda: lines(tmp_path / "log"), 10)
    save_artifact(2.0, name)
    task = flower.wait_for(f"{handle.id}.held", "MATERIALIZED")
    assert f"value={name}@1)" in task["kwargs"]
    assert f"value={name}:latest)" in task["args"]
    gate.touch()
    handle.wait(10)
    flower.wait_for(f"{handle.id}.held", "SUCCESS")


def test_a_step_that_a_message_went_on_with_is_a_task_of_its_own(
    flower: Flower, tmp_path: Path
) -> None:
    """It had no message, and is shown all the same, with where it came from."""
    (tmp_path / "gate").touch()
    handle = pipelines.hold_then_double.delay(str(tmp_path / "log"), str(tmp_path / "gate"))
    handle.wait(10)
    task = flower.wait_for(f"{handle.id}.double", "SUCCESS")
    assert task["name"] == "hold_then_double.double"
    assert task["args"] == "double(value=held.held_value)"
    assert "double(value=held_value@" in task["kwargs"]
    assert task["parent_id"] == f"{handle.id}.held"
    assert task["runtime"] < 10


def test_a_failed_step_is_a_failed_task(flower: Flower, tmp_path: Path) -> None:
    """First RETRY, then FAILURE with the error; so are steps that were gone on with."""
    log = tmp_path / "log"
    handle = pipelines.fail_first.delay(str(log))
    flower.wait_for(f"{handle.id}.flaky", "RETRY")
    task = flower.wait_for(f"{handle.id}.flaky", "FAILURE")
    assert task["exception"].startswith("StepFailedError(\"step 'flaky' of run ")
    assert task["exception"].endswith('TooColdError: try 3")')
    assert 'raise TooColdError(f"try {tries}")' in task["traceback"]
    assert flower.task(f"{handle.id}.add_one")["state"] == "SUCCESS"


def test_a_retried_run_has_tasks_of_its_own(flower: Flower, tmp_path: Path) -> None:
    """What failed before stays to be seen."""
    log = tmp_path / "log"
    handle = pipelines.retry.delay(str(log), 3)
    flower.wait_for(f"{handle.id}.flaky", "FAILURE")
    assert handle.retry() == 1
    handle.wait(10)
    flower.wait_for(f"{handle.id}.flaky.1", "SUCCESS")
    assert flower.task(f"{handle.id}.flaky")["state"] == "FAILURE"


def test_a_wait_that_ends_at_once_is_a_failed_task(
    flower: Flower, fresh: Callable[[str], str]
) -> None:
    """With what was missing in the place of an error."""
    name = fresh("model")
    handle: RunHandle = pipelines.wait_shortly.delay(name, 0)
    task = flower.wait_for(f"{handle.id}.join", "FAILURE")
    assert f"artifact '{name}' has no versions" in task["exception"]
