from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with two versions of `model`."""
    with command_line(tmp_path) as command:
        for error in (0.5, 0.25):
            command.driver.publish("model", MSE=error, folds=[1, 2])
        yield command


def test_references_are_resolved_at_one_revision(raincheck: CommandLine) -> None:
    """Each with its version, digest and the value of its metadata."""
    references = ("model", "model@1#/MSE", "model?min=MSE#/folds/1")
    document = raincheck.document("resolve", *references)
    bindings = document["bindings"]
    assert [item["version"] for item in bindings.values()] == ["2", "1", "2"]
    assert [item.get("value") for item in bindings.values()] == [None, 0.5, 2]
    assert {item["revision"] for item in bindings.values()} == {document["revision"]}
    assert document["missing"] == []
    rows = [line.split() for line in raincheck("resolve", *references).out.splitlines()[2:]]
    assert rows[1][:3] == ["model@1#/MSE", "model@1", "0.5"]
    assert rows[0][3].startswith("b3:")


def test_what_is_missing_is_exit_code_1_beside_what_is_there(raincheck: CommandLine) -> None:
    """One line names all that is missing, with near names."""
    answer = raincheck("resolve", "model@1", "modle", "model:production")
    assert answer.code == 1
    assert "model@1" in answer.out
    assert answer.err == (
        "error: modle:latest: artifact 'modle' has no versions yet; did you mean model?; "
        "model:production: 'model' has no alias 'production' yet\n"
    )
    document = raincheck("resolve", "model@9", "--json").document
    assert document["bindings"] == {}
    assert document["missing"][0]["reason"] == "version-unknown"


def test_a_pointer_that_never_finds_anything_is_a_mistake(raincheck: CommandLine) -> None:
    """Metadata is written once: waiting would not help."""
    answer = raincheck("resolve", "model@1#/folds/9")
    assert (answer.code, answer.out) == (2, "")
    assert "nothing at '9'" in answer.err


def test_nothing_is_written(raincheck: CommandLine) -> None:
    """Resolving is for looking."""
    before = raincheck.deployment.index.records.revision()
    raincheck("resolve", "model", "other")
    assert raincheck.deployment.index.records.revision() == before
