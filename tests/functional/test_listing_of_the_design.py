"""The listing with which the design begins: two classifiers, one that does not exist yet.

The pipeline stands here as it stands there; the steps have their bodies.
"""

from collections.abc import Generator
from typing import Annotated, Any

import pandas as pd
import pytest
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_squared_error
from sklearn.preprocessing import scale

from raincheck import Client, RunStatus, pipeline, save_artifact, step, use_deployment
from raincheck_contracts.errors import StepFailedError
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet, step_run

pytestmark = pytest.mark.functional


def patients() -> tuple[pd.DataFrame, pd.Series]:
    """What scikit-learn brings along, scaled."""
    found: Any = load_breast_cancer(as_frame=True)
    return pd.DataFrame(scale(found.data), columns=found.feature_names), found.target


@step
def predict(
    model1: ClassifierMixin,
    model2: ClassifierMixin,
    model1_metric: float,
    model2_metric: float,
    data: pd.DataFrame,
) -> Annotated[pd.Series, "predictions"]:
    """Predict with the model whose error is less."""
    better: Any = model1 if model1_metric < model2_metric else model2
    return pd.Series(better.predict(data), index=data.index, name="benign")


@step
def load_data() -> pd.DataFrame:
    """The last fifty patients."""
    return patients()[0].tail(50)


@pipeline
def do_predictions():  # type: ignore[no-untyped-def]  # as the design shows it
    """Predict with version 42 and the newest."""
    model_42 = Client().get_artifact_version("trained_model", version="42")
    metric_42 = model_42.run_metadata["MSE"].value
    model_latest = Client().get_artifact_version("trained_model")
    metric_latest = model_latest.run_metadata["MSE"].value
    predict(
        model1=model_42,
        model2=model_latest,
        model1_metric=metric_42,
        model2_metric=metric_latest,
        data=load_data(),
    )


@pytest.fixture(scope="module")
def _fleet(valkey_url: str) -> Generator[Fleet]:
    with running_fleet(valkey_url) as fleet:
        fleet.start(concurrency=1, imports=(__name__,))
        yield fleet


@pytest.fixture
def fleet(_fleet: Fleet) -> Generator[Fleet]:
    """A deployment whose worker has imported this module."""
    with use_deployment(_fleet.deployment):
        yield _fleet


def train(strength: float) -> pd.Series:
    """Publish one more version of the model; its predictions for the last fifty patients."""
    features, target = patients()
    model = LogisticRegression(C=strength).fit(features.head(400), target.head(400))
    error = mean_squared_error(target.tail(169), model.predict(features.tail(169)))
    save_artifact(model, "trained_model", metadata={"MSE": error})
    rows = features.tail(50)
    return pd.Series(model.predict(rows), index=rows.index, name="benign")


@pytest.mark.usefixtures("fleet")
def test_the_listing_runs_queued_and_inline() -> None:
    """It waits for version 42 and predicts when that comes; called, it runs here and now."""
    with pytest.raises(StepFailedError, match="trained_model@42"):
        do_predictions()
    handle = do_predictions.delay()
    wait_until(lambda: handle.status() is RunStatus.WAITING, 20)
    assert "waits for trained_model@42" in handle.why()
    for number in range(1, 42):
        save_artifact(float(number), "trained_model", metadata={"MSE": 1.0})
    assert handle.status() is RunStatus.WAITING
    expected = train(1.0)
    assert handle.wait(timeout=20) is RunStatus.SUCCEEDED
    assert handle.get() is None, "the listing returns nothing"
    predictions = Client().get_artifact_version("predictions")
    pd.testing.assert_series_equal(predictions.load(), expected)
    bound = step_run(handle, "predict").bindings
    assert {binding.version for name, binding in bound.items() if "trained" in name} == {"42"}

    better = train(0.003)
    assert not better.equals(expected)
    assert do_predictions() is None
    newest = Client().get_artifact_version("predictions")
    assert newest.version == "2"
    errors = [
        Client().get_artifact_version("trained_model", number).run_metadata["MSE"].value
        for number in (42, 43)
    ]
    chosen = expected if errors[0] < errors[1] else better
    pd.testing.assert_series_equal(newest.load(), chosen)
    assert set(newest.record.record.inputs) >= {"trained_model@42", "trained_model@43"}
    assert newest.record.record.run != handle.id
