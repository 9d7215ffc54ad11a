"""A queued pipeline waits for what it refers to, and says so."""

import pytest

from raincheck import Client, RunStatus, pipeline, save_artifact, step
from tests.support.waiting import wait_until
from tests.support.workers import Fleet

pytestmark = pytest.mark.functional


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@pipeline
def double_the_newest() -> float:
    """Refers to a model that nobody has trained."""
    return double(Client().get_artifact_version("model"))


def test_a_consumer_may_be_queued_first(deployment: Fleet) -> None:
    """It waits without holding a worker, and wakes when the artifact is published."""
    deployment.start(imports=(__name__,), concurrency=1)
    handle = double_the_newest.delay()
    wait_until(lambda: handle.status() is RunStatus.WAITING, 10)
    assert handle.why().splitlines() == [
        f"run {handle.id} of double_the_newest: waiting",
        "  double: waits for model:latest: artifact 'model' has no versions yet",
    ]
    save_artifact(21.0, "model")
    assert handle.get(timeout=10) == 42.0
