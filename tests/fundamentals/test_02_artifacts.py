"""An artifact is a named series of immutable versions."""

import pandas as pd
import pytest

from raincheck import Client, load_artifact, log_metadata, save_artifact
from raincheck_contracts.errors import MetadataConflictError, VersionExistsError


def test_a_value_is_saved_and_loaded() -> None:
    """Without a version, the newest is loaded."""
    save_artifact({"learning_rate": 0.1}, "settings")
    save_artifact({"learning_rate": 0.2}, "settings")
    assert load_artifact("settings") == {"learning_rate": 0.2}
    assert load_artifact("settings", 1) == {"learning_rate": 0.1}


def test_a_frame_comes_back_as_it_was() -> None:
    """No pickle is used: formats are chosen by type."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    save_artifact(frame, "table")
    loaded = load_artifact("table")
    assert isinstance(loaded, pd.DataFrame)
    pd.testing.assert_frame_equal(loaded, frame)


def test_a_version_has_metadata_that_is_written_once() -> None:
    """More can be logged later, but nothing is overwritten."""
    save_artifact(1.0, "model", metadata={"MSE": 0.25})
    log_metadata({"note": "good enough"}, "model")
    version = Client().get_artifact_version("model")
    assert version.run_metadata["MSE"].value == 0.25
    assert version.run_metadata["note"].value == "good enough"
    with pytest.raises(MetadataConflictError):
        log_metadata({"MSE": 0.2}, "model")


def test_a_version_can_have_a_name_of_its_own() -> None:
    """Which then exists, once and for all."""
    save_artifact(1.0, "model", "spring")
    with pytest.raises(VersionExistsError, match="model@spring exists already"):
        save_artifact(2.0, "model", "spring")
