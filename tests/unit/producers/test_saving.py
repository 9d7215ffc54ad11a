"""Saving, loading and annotating, outside of a step and inside."""

import numpy as np
import pytest

from raincheck import (
    Client,
    PendingVersion,
    PublishedVersion,
    load_artifact,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)
from raincheck.authoring import StepContext, step_context
from raincheck_contracts.errors import (
    ArgumentError,
    MaterializerNotFoundError,
    ReferenceNotFoundError,
    UnresolvedReferenceError,
    UnsupportedValueError,
    VersionExistsError,
    VersionNameError,
)
from raincheck_contracts.pipelines import OutputSpec

pytestmark = pytest.mark.usefixtures("deployment")


def _context() -> StepContext:
    return StepContext("run-1", "p", "s", 1, outputs=(OutputSpec(name="output", artifact="made"),))


def test_a_saved_value_is_a_version_with_metadata_and_tags() -> None:
    """It is numbered by the index, or has the name that it was given."""
    one = save_artifact(1.5, "model", metadata={"MSE": np.float64(0.25)}, tags=["nightly"])
    named = save_artifact(2.5, "model", "candidate")
    assert isinstance(one, PublishedVersion)
    assert isinstance(named, PublishedVersion)
    assert (one.version, named.version) == ("1", "candidate")
    assert one.run_metadata["MSE"].value == 0.25
    assert one.tags == ("nightly",)
    assert load_artifact("model") == 2.5
    assert load_artifact("model", 1) == 1.5


def test_a_version_is_made_once() -> None:
    """And numbers are counted by the index."""
    save_artifact(1.0, "model", "candidate")
    with pytest.raises(VersionExistsError, match="model@candidate exists already"):
        save_artifact(2.0, "model", "candidate")
    with pytest.raises(VersionNameError, match="next is 1"):
        save_artifact(2.0, "model", 7_000)


@pytest.mark.parametrize(
    ("name", "version", "tags"),
    [("My Model", None, []), ("model", "a b", []), ("model", None, ["a b"]), ("", None, [])],
)
def test_a_name_that_cannot_be_one_is_refused(
    name: str, version: str | None, tags: list[str]
) -> None:
    """Before bytes are written."""
    with pytest.raises(ArgumentError, match="save_artifact"):
        save_artifact(1.0, name, version, tags=tags)
    assert Client().list_artifacts() == []


def test_what_cannot_be_kept_is_refused() -> None:
    """A value without a materializer, metadata that is no JSON."""
    with pytest.raises(MaterializerNotFoundError):
        save_artifact(object(), "model")
    with pytest.raises(UnsupportedValueError):
        save_artifact(1.0, "model", metadata={"MSE": float("nan")})
    assert Client().list_artifacts() == []


def test_what_is_not_there_cannot_be_loaded() -> None:
    """The error says what is missing."""
    with pytest.raises(ReferenceNotFoundError, match="'model' has no versions yet"):
        load_artifact("model")


def test_in_a_step_a_version_is_staged() -> None:
    """It has no number yet; the step itself can load it, nobody else."""
    save_artifact(1.0, "model")
    with step_context(_context()) as _:
        pending = save_artifact(2.0, "model")
        assert isinstance(pending, PendingVersion)
        assert pending.name == "model"
        with pytest.raises(UnresolvedReferenceError):
            _ = pending.version
        assert load_artifact("model") == 2.0
        assert load_artifact("model", 1) == 1.0
        save_artifact(3.0, "model", "named")
        assert load_artifact("model", "named") == 3.0
    assert load_artifact("model") == 1.0
    assert len(list(Client().list_artifact_versions("model"))) == 1


def test_in_a_step_metadata_is_staged_for_its_output_or_for_a_version() -> None:
    """None of it is written."""
    save_artifact(1.0, "model")
    context = _context()
    with step_context(context):
        log_metadata({"MSE": 0.5})
        log_metadata({"note": "x"}, "model", 1)
    assert context.staged_metadata == {"output": {"MSE": 0.5}}
    assert [item.key for item in context.staged_foreign_metadata] == ["note"]
    assert dict(Client().get_artifact_version("model").run_metadata) == {}


def test_outside_of_a_step_metadata_needs_an_artifact() -> None:
    """None is the newest version."""
    save_artifact(1.0, "model")
    save_artifact(2.0, "model")
    log_metadata({"MSE": 0.5}, "model")
    log_metadata({"MSE": 0.6}, "model", 1)
    assert Client().get_artifact_version("model", 2).run_metadata["MSE"] == 0.5
    assert Client().get_artifact_version("model", 1).run_metadata["MSE"] == 0.6
    with pytest.raises(ArgumentError, match="Name the artifact: artifact='name'"):
        log_metadata({"MSE": 0.5})


@step
def take(value: float) -> float:
    """Takes a value."""
    return value


@pipeline
def saving() -> float:
    """Has an effect."""
    save_artifact(1.0, "model")
    return take(1.0)


@pipeline
def loading() -> float:
    """Computes with a value."""
    return take(load_artifact("model"))  # type: ignore[arg-type]  # it is refused


@pipeline
def logging_metadata() -> float:
    """Has an effect."""
    log_metadata({"MSE": 1.0}, "model")
    return take(1.0)


@pytest.mark.parametrize("used", [saving, loading, logging_metadata])
def test_a_pipeline_function_has_no_effects(used: object) -> None:
    """It only composes steps; the error says what to do instead."""
    with pytest.raises(ArgumentError, match=r"only composes steps and has no effects\. Instead"):
        used.compile()  # type: ignore[attr-defined]  # each is a pipeline
    assert Client().list_artifacts() == []
