"""Estimators come back with equal predictions, and bring no foreign code along."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.cluster import Birch, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from raincheck.blobs import MemoryBlobStore
from raincheck.materializers import dump_value, load_value, materializer_named, trust_types
from raincheck.materializers import trusted_types as trusted
from raincheck_contracts.errors import (
    DefinitionError,
    IncompatibleVersionError,
    UnsupportedValueError,
    UntrustedTypeError,
)


def _iris() -> tuple[pd.DataFrame, pd.Series]:
    data: Any = load_iris(as_frame=True)
    features = data.data.copy()
    features["size"] = np.where(features.iloc[:, 0] > 5.5, "large", "small")
    return features, data.target


FEATURES, TARGET = _iris()
NUMBERS = list(FEATURES.columns[:-1])


def _mixed_pipeline() -> Pipeline:
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), NUMBERS), ("texts", OneHotEncoder(), ["size"])]
    )
    return Pipeline([("columns", columns), ("model", LogisticRegression())])


ESTIMATORS: dict[str, Callable[[], Any]] = {
    "LinearRegression": LinearRegression,
    "Ridge": Ridge,
    "LogisticRegression": LogisticRegression,
    "RandomForest": lambda: RandomForestClassifier(5, random_state=0),
    "GradientBoosting": lambda: GradientBoostingClassifier(n_estimators=3, random_state=0),
    "HistGradientBoosting": lambda: HistGradientBoostingClassifier(max_iter=3),
    "KNeighbors": KNeighborsClassifier,
    "MLP": lambda: MLPClassifier((5,), max_iter=5, random_state=0),
    "SVC": lambda: SVC(random_state=0),
    "KMeans": lambda: KMeans(3, n_init="auto", random_state=0),
    "GaussianProcess": GaussianProcessClassifier,
    "GridSearch": lambda: GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring="r2", cv=KFold(2)),
    "SelectKBest": lambda: make_pipeline(SelectKBest(k=2), LogisticRegression()),
    "ufunc": lambda: make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
}


def fitted(make: Callable[[], Any], features: Any) -> Any:
    """Fit one, whether or not it converges."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make().fit(features, TARGET)


def round_trip(estimator: Any) -> Any:
    """Dump and load."""
    store = MemoryBlobStore()
    dumped = dump_value(estimator, store, inline_limit=-1)
    return load_value(dumped.manifest, dumped.digest, store)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("as_frame", [True, False], ids=["frame", "array"])
def test_predictions_are_equal_after_loading(name: str, *, as_frame: bool) -> None:
    """A loaded estimator predicts what the dumped one did, names of features included."""
    features: Any = FEATURES[NUMBERS] if as_frame else FEATURES[NUMBERS].to_numpy()
    estimator = fitted(ESTIMATORS[name], features)
    loaded = round_trip(estimator)
    assert type(loaded) is type(estimator)
    np.testing.assert_array_equal(loaded.predict(features), estimator.predict(features))
    if as_frame:
        assert list(loaded.feature_names_in_) == NUMBERS


def test_pipeline_of_numbers_and_text_comes_back() -> None:
    """Columns chosen by name find themselves in a frame again."""
    estimator = fitted(_mixed_pipeline, FEATURES)
    np.testing.assert_array_equal(
        round_trip(estimator).predict_proba(FEATURES), estimator.predict_proba(FEATURES)
    )


@pytest.mark.parametrize("name", ["LogisticRegression", "RandomForest", "GradientBoosting"])
def test_equal_estimators_have_equal_digests(name: str) -> None:
    """Neither memory addresses, nor the time of day, nor gaps in records are stored."""
    one, two = (fitted(ESTIMATORS[name], FEATURES[NUMBERS]) for _ in range(2))
    assert dump_value(one, MemoryBlobStore()).digest == dump_value(two, MemoryBlobStore()).digest


def test_copies_of_a_kept_estimator_are_independent() -> None:
    """Fitting a copy leaves the steps of the kept pipeline alone."""
    kept = fitted(_mixed_pipeline, FEATURES)
    before = kept.predict_proba(FEATURES)
    materializer = materializer_named("skops@1")
    assert materializer.cacheable
    copied: Any = materializer.copy(kept)
    copied.fit(FEATURES, np.asarray(TARGET)[::-1])
    np.testing.assert_array_equal(kept.predict_proba(FEATURES), before)


def double(values: Any) -> Any:
    """Double values; a function that no list names."""
    return values * 2


_nameless: Callable[[Any], Any] = lambda values: values  # noqa: E731 - it has no name


def halve(values: Any) -> Any:
    """Halve values; a function that a test trusts."""
    return values / 2


def test_function_of_a_user_is_refused_and_named() -> None:
    """An estimator that would import a user's module is not stored unasked."""
    with pytest.raises(UntrustedTypeError, match=r"test_materializers_estimators\.double"):
        dump_value(FunctionTransformer(double), MemoryBlobStore())
    with pytest.raises(UntrustedTypeError, match="lambda"):
        dump_value(FunctionTransformer(_nameless), MemoryBlobStore())


def test_trusted_function_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function trusted by name is stored; a process that does not trust it refuses."""
    monkeypatch.setattr(trusted, "_added", set[str]())
    trust_types(f"{halve.__module__}.halve")
    store = MemoryBlobStore()
    dumped = dump_value(FunctionTransformer(halve), store)

    def load() -> Any:
        return load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)

    assert load().transform(np.array([[4.0]])) == 2.0
    monkeypatch.setattr(trusted, "_added", set[str]())
    with pytest.raises(UntrustedTypeError, match="halve"):
        load()


@pytest.mark.parametrize("name", ["sklearn.*", "Tree", "", "a..b"])
def test_only_full_names_can_be_trusted(name: str) -> None:
    """There is no way to trust a whole package."""
    with pytest.raises(DefinitionError, match="full name"):
        trust_types(name)


def test_every_trusted_name_exists() -> None:
    """A misspelt name in the list would trust nothing."""
    for name in trusted.trusted_types():
        module, _, attribute = name.rpartition(".")
        found = getattr(importlib.import_module(module), attribute)
        assert f"{found.__module__}.{found.__qualname__}" == name


def test_estimator_with_bytes_comes_back() -> None:
    """What is no array in the archive is kept as it is."""
    loaded = round_trip(Ridge(alpha=2.0).set_params(solver=b"auto"))
    assert loaded.solver == b"auto"


def test_unsupported_estimator_is_refused() -> None:
    """What skops cannot store is told when it is published, not when it is needed."""
    with pytest.raises(UnsupportedValueError, match=r"estimator Birch.*skops cannot store it"):
        dump_value(Birch().fit(FEATURES[NUMBERS]), MemoryBlobStore())


def test_other_minor_release_is_refused() -> None:
    """Fitted attributes change between minor releases without notice."""
    store = MemoryBlobStore()
    dumped = dump_value(Ridge(), store)
    major, minor, patch = sklearn.__version__.split(".")[:3]

    def load(version: str) -> Any:
        versions = {**dumped.manifest.versions, "scikit-learn": version}
        manifest = dumped.manifest.model_copy(update={"versions": versions})
        return load_value(manifest, dumped.digest, store, inline=dumped.inline)

    assert isinstance(load(f"{major}.{minor}.{patch}9"), Ridge)
    with pytest.raises(IncompatibleVersionError, match=f"{major}.{int(minor) + 1}.0"):
        load(f"{major}.{int(minor) + 1}.0")
