"""Forecasting: one pipeline trains, another predicts with what the first publishes.

The consumer refers to version 42 and to the newest version of `trained_model`, and to
the error of each, before any of them exists.
"""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

from raincheck import Client, log_metadata, pipeline, step


@step
def fit(alpha: float, seed: int) -> Annotated[RegressorMixin, "trained_model"]:
    """Fit a ridge regression and log its error on held-out data."""
    features, target = load_diabetes(return_X_y=True, as_frame=True)
    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=seed)
    model = Ridge(alpha=alpha).fit(train_x, train_y)
    log_metadata({"MSE": mean_squared_error(test_y, model.predict(test_x)), "alpha": alpha})
    return model


@pipeline
def train(alpha: float = 1.0, seed: int = 0) -> None:
    """Publish one more version of `trained_model`."""
    fit(alpha, seed)


@step
def load_data() -> pd.DataFrame:
    """The patients to predict for."""
    patients: Any = load_diabetes(as_frame=True)
    features: pd.DataFrame = patients.data
    return features.tail(20)


@step
def predict(
    model1: RegressorMixin,
    model2: RegressorMixin,
    model1_metric: float,
    model2_metric: float,
    data: pd.DataFrame,
) -> Annotated[pd.Series, "predictions"]:
    """Predict with the model whose error is less."""
    better: Any = model1 if model1_metric <= model2_metric else model2
    predicted: np.ndarray = better.predict(data)
    return pd.Series(predicted, index=data.index, name="progression")


@pipeline
def do_predictions() -> pd.Series:
    """Predict with version 42 or the newest version, whichever is better."""
    model_42 = Client().get_artifact_version("trained_model", version="42")
    metric_42 = model_42.run_metadata["MSE"].value
    model_latest = Client().get_artifact_version("trained_model")
    metric_latest = model_latest.run_metadata["MSE"].value
    return predict(
        model1=model_42,
        model2=model_latest,
        model1_metric=metric_42,
        model2_metric=metric_latest,
        data=load_data(),
    )
