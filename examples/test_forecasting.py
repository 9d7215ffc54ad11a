"""Tests of the forecasting example, as its authors would write them."""

import pandas as pd
import pytest
from forecasting import do_predictions, load_data, train

from raincheck import Client, Deployment, RunStatus
from raincheck.testing import bound_to, last_run, wait_until_waiting

pytest_plugins = ["raincheck.testing"]


def test_load_data() -> None:
    """A step is a function: no index, no store."""
    assert load_data.function().shape == (20, 10)


def test_training_publishes_a_model_with_its_error(raincheck_memory: Deployment) -> None:
    """A pipeline runs in this process, on an index in memory."""
    train(alpha=0.1)
    version = Client().get_artifact_version("trained_model")
    assert version.run_metadata["MSE"].value < 4_000
    assert version.run_metadata["alpha"].value == 0.1
    (outputs,) = [step.outputs for step in last_run(raincheck_memory).run().steps]
    assert list(outputs.values()) == ["trained_model@1"]


@pytest.mark.usefixtures("raincheck_memory")
def test_a_queued_pipeline_stays_queued_without_a_worker() -> None:
    """For code that queues pipelines: what it queued can be looked at."""
    run = do_predictions.delay()
    assert run.status() is RunStatus.QUEUED
    assert run.run().pipeline == "do_predictions"


@pytest.mark.usefixtures("raincheck_worker")
def test_predictions_wait_for_version_42() -> None:
    """On a real server, with a worker: queued before any model exists."""
    run = do_predictions.delay()
    assert "waits for trained_model" in wait_until_waiting(run)
    for seed in range(43):
        train(alpha=1.0 if seed == 41 else 100.0, seed=seed)
    predictions = run.get(timeout=30)
    assert isinstance(predictions, pd.Series)
    assert len(predictions) == 20
    bound = bound_to(run, "predict")
    assert bound["trained_model@42"] == bound["trained_model@42#/MSE"] == "trained_model@42"
    assert bound["trained_model:latest"] == bound["trained_model:latest#/MSE"]
