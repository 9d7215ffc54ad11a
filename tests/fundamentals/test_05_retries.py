"""A step may fail, and be tried again."""

from pathlib import Path

import pytest

from raincheck import Client, load_artifact, pipeline, save_artifact, step
from raincheck_contracts.errors import StepFailedError


@step(retries=2)
def unsteady(log: str, failures: int) -> int:
    """Fails at its first tries."""
    with Path(log).open("a") as file:
        file.write("tried\n")
    tries = len(Path(log).read_text().splitlines())
    save_artifact(tries, "tries")
    if tries <= failures:
        raise ConnectionError(f"try {tries}")
    return tries


@pipeline
def try_it(log: str, failures: int) -> int:
    """One step."""
    return unsteady(log, failures)


def test_a_step_that_raises_is_tried_again(tmp_path: Path) -> None:
    """As often as `retries` says, after the first."""
    assert try_it(str(tmp_path / "log"), 2) == 3


def test_a_failed_try_leaves_nothing_behind(tmp_path: Path) -> None:
    """What it saved was only staged; it is published when the step succeeds."""
    try_it(str(tmp_path / "log"), 2)
    assert load_artifact("tries") == 3
    assert len(list(Client().list_artifact_versions("tries"))) == 1


def test_after_its_last_try_a_step_has_failed(tmp_path: Path) -> None:
    """The run raises the step's error, as data."""
    with pytest.raises(StepFailedError, match="ConnectionError: try 3") as caught:
        try_it(str(tmp_path / "log"), 99)
    assert caught.value.error.type == "builtins.ConnectionError"
    assert list(Client().list_artifact_versions("tries")) == []
