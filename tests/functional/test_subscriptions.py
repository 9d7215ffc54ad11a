"""Events start pipelines in real workers, which need no author's process."""

import subprocess
import sys

import pytest

from raincheck import Client, RunHandle, save_artifact
from raincheck_contracts.errors import ParameterError
from tests.functional import subscribed_pipelines as pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet

pytestmark = pytest.mark.functional

IMPORTS = ("tests.functional.subscribed_pipelines",)


def _result(fleet: Fleet, run: str) -> object:
    wait_until(lambda: run in fleet.deployment.index.records.run_ids(100), 10)
    return RunHandle(run, fleet.deployment).get(timeout=20)


def test_a_publication_starts_what_subscribes_to_it(fleet: Fleet) -> None:
    """The run takes the version of its own event, though a newer one is there by then."""
    fleet.start(imports=IMPORTS)
    Client().subscribe(pipelines.double_model)
    Client().subscribe(pipelines.sum_models)
    for value, mse in ((1.0, 0.1), (2.0, 0.9), (3.0, 0.3)):
        pipelines.train_model.delay(value, mse).get(timeout=20)
    assert _result(fleet, "double_model+1+sub-model@1") == {"twice": 2.0, "mse": 0.1, "events": 1}
    assert _result(fleet, "double_model+1+sub-model@3") == {"twice": 6.0, "mse": 0.3, "events": 1}
    (started,) = [
        run.id for run in fleet.deployment.index.records.runs(100) if run.pipeline == "sum_models"
    ]
    assert _result(fleet, started) == [6.0, pytest.approx(1.3)]
    subscription = fleet.deployment.index.subscriptions.read("double_model")
    assert (subscription.counts.started, subscription.live) == (2, 0)


def test_a_publication_by_hand_starts_a_run_at_once(fleet: Fleet) -> None:
    """The publisher itself looks at the subscriptions."""
    fleet.start(imports=IMPORTS)
    Client().subscribe(pipelines.double_model, name="again")
    save_artifact(4.0, "sub-model", metadata={"MSE": 0.2})
    run = "again+1+sub-model@1"
    assert run in fleet.deployment.index.records.run_ids(10)
    assert _result(fleet, run) == {"twice": 8.0, "mse": 0.2, "events": 1}


def test_what_takes_its_trigger_cannot_be_queued_by_hand(fleet: Fleet) -> None:
    """There is no version that it could take."""
    with pytest.raises(ParameterError, match="only events start it"):
        pipelines.double_model.delay()
    assert fleet.deployment.index.records.run_ids(10) == []


def test_a_subscription_outlives_its_author(fleet: Fleet) -> None:
    """It is deployed by a process that ends, and works."""
    code = (
        "from raincheck import Client; from tests.functional import subscribed_pipelines as p;"
        "Client().subscribe(p.double_model)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=fleet.environment({}), timeout=30)
    fleet.start(imports=IMPORTS)
    save_artifact(5.0, "sub-model", metadata={"MSE": 0.2})
    assert _result(fleet, "double_model+1+sub-model@1") == {"twice": 10.0, "mse": 0.2, "events": 1}


def test_a_backfill_catches_up_beside_live_events(fleet: Fleet) -> None:
    """Counted before, a few at a time, each version once; the client says how far it is."""
    for value in range(6):
        save_artifact(float(value), "sub-model", metadata={"MSE": 0.1 * value})
    client = Client()
    client.subscribe(pipelines.double_model)
    plan = client.subscriptions.plan_backfill("double_model", since=0)
    assert (plan.versions, plan.runs, plan.first) == (5, 5, "sub-model@1")
    client.subscriptions.backfill("double_model", since=0, limit=2)
    fleet.start(imports=IMPORTS)
    save_artifact(9.0, "sub-model", metadata={"MSE": 0.0})
    for version in (*range(1, 6), 7):
        result = _result(fleet, f"double_model+1+sub-model@{version}")
        assert isinstance(result, dict)
        assert result["events"] == 1
    wait_until(lambda: client.subscriptions.get("double_model").live == 0, 10)
    assert client.subscriptions.plan_backfill("double_model", since=0).runs == 0
