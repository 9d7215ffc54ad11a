"""Bound versions become values; what is dear to decode is kept by digest."""

from dataclasses import replace

import numpy as np
import pytest

from raincheck import Client, Deployment, save_artifact
from raincheck.index.replies import BoundVersion
from raincheck_contracts.errors import BlobMissingError
from raincheck_contracts.reference_text import parse_reference
from raincheck_workers.execution.cache import MaterializedCache
from raincheck_workers.execution.loader import Loader


def _bound(deployment: Deployment, reference: str) -> BoundVersion:
    (answer,) = deployment.index.versions.resolve([parse_reference(reference)]).answers
    assert isinstance(answer, BoundVersion)
    return answer


def _loader(deployment: Deployment) -> Loader:
    return Loader(deployment.store, MaterializedCache())


def _lose_blobs(deployment: Deployment) -> None:
    for path in deployment.settings.blob_folder.rglob("*"):
        if path.is_file():
            path.unlink()


def test_a_value_comes_out_of_the_index_or_out_of_a_blob(deployment: Deployment) -> None:
    """By its size."""
    save_artifact(1.5, "small")
    save_artifact([0.5] * 5_000, "large")
    loader = _loader(deployment)
    assert loader.load(_bound(deployment, "small:latest"), float) == 1.5
    assert loader.load(_bound(deployment, "large:latest"), list[float]) == [0.5] * 5_000


def test_bytes_that_are_gone_are_named(deployment: Deployment) -> None:
    """By their digest."""
    save_artifact([0.5] * 5_000, "large")
    digest = Client().get_artifact_version("large").digest
    _lose_blobs(deployment)
    with pytest.raises(BlobMissingError, match=digest):
        _loader(deployment).load(_bound(deployment, "large:latest"), list[float])


def test_an_estimator_is_decoded_once_and_each_step_gets_its_own(deployment: Deployment) -> None:
    """What one step does to it, the next does not see; equal bytes are one value."""
    from sklearn.linear_model import Ridge  # noqa: PLC0415 - dear to import

    model = Ridge().fit(np.arange(4.0).reshape(2, 2), [1.0, 2.0])
    save_artifact(model, "model")
    bound = _bound(deployment, "model:latest")
    loader = _loader(deployment)
    first = loader.load(bound, Ridge)
    assert isinstance(first, Ridge)
    first.coef_[:] = 0.0
    _lose_blobs(deployment)
    again = loader.load(replace(bound, artifact="copy", version="9", inline=None), Ridge)
    assert isinstance(again, Ridge)
    np.testing.assert_array_equal(again.coef_, model.coef_)
    assert again is not first
