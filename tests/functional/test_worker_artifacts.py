"""What steps take and give: types, bytes, outputs, staged effects, lineage."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from raincheck import Client, PublishedVersion, RunHandle, save_artifact
from raincheck_contracts.errors import ReferenceNotFoundError, StepFailedError
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, step_run

pytestmark = pytest.mark.functional

#: Too large to be kept in the index.
LARGE = [0.5] * 5_000


def _blob(fleet: Fleet, version: PublishedVersion) -> Path:
    """The file with a version's bytes."""
    digits = version.digest.removeprefix("b3:")
    folder = fleet.deployment.settings.blob_folder
    (found,) = [path for path in folder.rglob("*") if path.is_file() and digits in _digits(path)]
    return found


def _digits(path: Path) -> str:
    return "".join(path.parts)


def _failure(handle: RunHandle) -> StepFailedError:
    with pytest.raises(StepFailedError) as caught:
        handle.get(timeout=15)
    return caught.value


def test_a_type_that_cannot_fit_fails_before_bytes_are_read(
    crew: Fleet, fresh: Callable[[str], str]
) -> None:
    """The blob is not even there; the message names both types."""
    name = fresh("model")
    version = save_artifact(LARGE, name)
    assert isinstance(version, PublishedVersion)
    _blob(crew, version).unlink()
    error = _failure(pipelines.measure_text.delay(name)).error
    assert error.type == "raincheck_contracts.errors.resolution.TypeMismatchError"
    assert "holds list" in error.message
    assert "str" in error.message
    assert f"{name}:latest (= {name}@1)" in error.message
    assert not error.retryable


def test_bytes_that_were_changed_are_not_used(crew: Fleet, fresh: Callable[[str], str]) -> None:
    """The failure names the digest; it is not tried again."""
    name = fresh("model")
    version = save_artifact(LARGE, name)
    assert isinstance(version, PublishedVersion)
    blob = _blob(crew, version)
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes().replace(b"0.5", b"0.6", 1))
    handle = pipelines.add_up.delay(name)
    error = _failure(handle).error
    assert error.type == "raincheck_contracts.errors.store.BlobCorruptError"
    assert version.digest in error.message
    assert step_run(handle, "total").attempt == 1


def test_bytes_that_are_missing_are_looked_for_three_times(
    crew: Fleet, fresh: Callable[[str], str]
) -> None:
    """Another worker may have them; then the failure names the digest."""
    name = fresh("model")
    version = save_artifact(LARGE, name)
    assert isinstance(version, PublishedVersion)
    _blob(crew, version).unlink()
    handle = pipelines.add_up.delay(name)
    for attempt in (1, 2):
        wait_until(lambda: step_run(handle, "total").lost == attempt, 10)  # noqa: B023 - called at once
        crew.pass_ticks()
    error = _failure(handle).error
    assert error.type == "raincheck_contracts.errors.store.BlobMissingError"
    assert version.digest in error.message
    assert step_run(handle, "total").attempt == 3


@pytest.mark.usefixtures("crew")
def test_a_list_of_versions_is_one_input(fresh: Callable[[str], str]) -> None:
    """Values and metrics in the same order, from the read that found all the others."""
    name = fresh("model")
    for value, error in ((1.0, 0.3), (2.0, 0.1), (3.0, 0.2)):
        save_artifact(value, name, metadata={"MSE": error})
    handle = pipelines.compare_models.delay(name)
    assert handle.get(timeout=20) == "[2.0, 3.0] [0.1, 0.2] 3.0 2.0"
    bound = step_run(handle, "compare").bindings
    assert [f"{binding.artifact}@{binding.version}" for binding in bound.values()] == [
        f"{name}@{version}" for version in (2, 3, 2, 3, 3, 2)
    ]
    assert len({binding.revision for binding in bound.values()}) == 1


@pytest.mark.usefixtures("crew")
def test_a_pointer_below_a_written_key_fails_at_once(fresh: Callable[[str], str]) -> None:
    """Metadata is written once: what is not there now cannot come."""
    name = fresh("model")
    save_artifact(1.0, name, metadata={"scores": {"training": 0.5}})
    begun = time.monotonic()
    error = _failure(pipelines.read_nested.delay(name)).error
    assert time.monotonic() - begun < 3.0
    assert error.type == "raincheck_contracts.errors.resolution.MetadataPointerError"
    assert f"{name}:latest#/scores/validation" in error.message


@pytest.mark.usefixtures("crew")
def test_outputs_of_one_step_share_a_revision_and_know_where_they_come_from(
    fresh: Callable[[str], str],
) -> None:
    """Two named outputs and a saved artifact; a step without outputs publishes nothing."""
    name = fresh("model")
    save_artifact(10.0, name)
    handle = pipelines.split_newest.delay(name)
    assert handle.get(timeout=10) == 12.0
    outputs = step_run(handle, "split").outputs
    versions = {
        output: Client().get_artifact_version(*text.split("@")) for output, text in outputs.items()
    }
    assert set(versions) == {"lower", "upper", "saved_1"}
    assert len({version.record.revision for version in versions.values()}) == 1
    assert [versions[key].load() for key in ("lower", "upper", "saved_1")] == [9.0, 11.0, [10.0]]
    assert versions["upper"].run_metadata["width"].value == 2.0
    assert dict(versions["lower"].run_metadata) == {}
    assert versions["saved_1"].tags == ("fresh",)
    assert versions["saved_1"].name == "both-at-once"
    for version in versions.values():
        record = version.record.record
        assert (record.run, record.step) == (handle.id, "split")
        assert record.inputs == (f"{name}@1",)
    assert step_run(handle, "nothing").outputs == {}


@pytest.mark.usefixtures("crew")
def test_staged_effects_are_seen_when_the_step_has_completed(
    tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    """While it runs only the step itself sees what it has saved."""
    name, log, gate = fresh("model"), tmp_path / "log", tmp_path / "gate"
    save_artifact(1.0, name)
    handle = pipelines.stage.delay(str(log), str(gate), name)
    wait_until(lambda: lines(log) == ["5.0"], 10)
    with pytest.raises(ReferenceNotFoundError):
        Client().get_artifact_version(f"{name}-staged")
    assert dict(Client().get_artifact_version(name).run_metadata) == {}
    gate.touch()
    handle.wait(timeout=10)
    assert Client().get_artifact_version(f"{name}-staged").load() == 5.0
    assert Client().get_artifact_version(name).run_metadata["note"] == "staged"


@pytest.mark.usefixtures("crew")
def test_metadata_that_contradicts_fails_the_step_as_a_whole(fresh: Callable[[str], str]) -> None:
    """Neither its output nor the entry is published."""
    name = fresh("model")
    save_artifact(1.0, name, metadata={"MSE": 0.1})
    error = _failure(pipelines.contradict_metadata.delay(name)).error
    assert error.type == "raincheck_contracts.errors.index.MetadataConflictError"
    assert Client().get_artifact_version(name).run_metadata["MSE"] == 0.1
    assert list(Client().list_artifact_versions("contradiction")) == []
