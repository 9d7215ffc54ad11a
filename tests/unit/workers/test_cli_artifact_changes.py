from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck_contracts.runs import StepState
from tests.support.builders import pipeline, step
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with two versions of `model`."""
    with command_line(tmp_path) as command:
        for error in (0.5, 0.25):
            command.driver.publish("model", MSE=error)
        yield command


def _aliases(raincheck: CommandLine) -> dict[str, str]:
    return raincheck.deployment.index.records.aliases("model")


def test_an_alias_names_a_version(raincheck: CommandLine) -> None:
    """One by its name, or the newest."""
    answer = raincheck("artifacts", "alias", "model", "production", "1")
    assert answer.out == "model:production is model@1 now\n"
    assert _aliases(raincheck) == {"production": "1"}
    document = raincheck.document("artifacts", "alias", "model", "production", "latest")
    assert document == {"artifact": "model", "alias": "production", "version": "2"}


def test_an_alias_is_moved_only_from_what_is_expected(raincheck: CommandLine) -> None:
    """Somebody else may have moved it meanwhile."""
    raincheck("artifacts", "alias", "model", "production", "1")
    refused = raincheck("artifacts", "alias", "model", "production", "2", "--expect", "2")
    assert refused.code == 2
    assert refused.err == "error: the alias names 1 now, not what was expected\n"
    assert _aliases(raincheck) == {"production": "1"}
    assert raincheck("artifacts", "alias", "model", "production", "2", "--expect", "1").code == 0
    assert _aliases(raincheck) == {"production": "2"}


def test_a_step_that_waits_for_the_alias_wakes(raincheck: CommandLine) -> None:
    """By hand is as good as by a pipeline."""
    run = raincheck.driver.submit(pipeline(step("use", "model:production")))
    raincheck.driver.parked(run, "use")
    raincheck("artifacts", "alias", "model", "production", "1")
    assert raincheck.driver.state(run, "use") is StepState.QUEUED


def test_metadata_is_logged_as_json_or_else_text(raincheck: CommandLine) -> None:
    """To the version that is named, and to no other."""
    answer = raincheck("artifacts", "log-metadata", "model@1", "R2=0.5", "note=good", "ok=true")
    assert (answer.out, answer.err) == ("logged R2, note, ok to model@1\n", "")
    version = raincheck.deployment.index.records.version("model", "1")
    assert version is not None
    assert version.metadata == {"MSE": 0.5, "R2": 0.5, "note": "good", "ok": True}


@pytest.mark.parametrize("reference", ["model:latest", "model?min=MSE"])
def test_a_reference_that_moves_is_resolved_first_and_said(
    raincheck: CommandLine, reference: str
) -> None:
    """Whoever logs to `latest` shall know to which version."""
    answer = raincheck("artifacts", "log-metadata", reference, "R2=0.5")
    assert answer.err == f"{reference} is model@2\n"
    document = raincheck.document("artifacts", "log-metadata", "model@2", "seen=1")
    assert document["version"] == "2"
    assert document["metadata"] == {"MSE": 0.25, "R2": 0.5, "seen": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["alias", "modle", "production", "1"], "did you mean model?"),
        (["alias", "model", "production", "9"], "'model' has no version '9' yet"),
        (["alias", "model", "latest", "1"], "aliases are not all digits"),
        (["alias", "model", "production", "a b"], "is not a reference"),
        (["log-metadata", "model", "R2=1"], "Write model@42 or model:latest"),
        (["log-metadata", "model@1#/MSE", "R2=1"], "Leave out what follows #"),
        (["log-metadata", "model@1", "R2"], "'R2' has no '='. Write NAME=VALUE"),
        (["log-metadata", "model@1", "MSE=9"], "model@1 has MSE=0.5 already, refused 9"),
    ],
)
def test_what_cannot_be_changed_is_one_line_and_exit_code_2(
    raincheck: CommandLine, arguments: list[str], words: str
) -> None:
    """Nothing was written."""
    before = raincheck.deployment.index.records.revision()
    answer = raincheck("artifacts", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert raincheck.deployment.index.records.revision() == before
