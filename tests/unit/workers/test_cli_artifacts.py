from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _train(raincheck: CommandLine) -> None:
    """Three versions of `model`, the second the best and in production."""
    for error in (0.5, 0.25, 0.75):
        raincheck.driver.publish("model", MSE=error)
    raincheck.deployment.index.versions.set_alias(nonce(), "model", "production", "2")
    raincheck.deployment.index.versions.tag("model", "1", "nightly")


def test_list_gives_newest_version_count_and_aliases(raincheck: CommandLine) -> None:
    """`artifacts list` has a line per artifact."""
    _train(raincheck)
    row = raincheck("artifacts", "list").out.splitlines()[-1].split()
    assert row[:3] == ["model", "3", "3"]
    assert row[-2:] == ["MSE=0.75", "production->2"]


def test_list_json_holds_the_contract_of_the_newest_version(raincheck: CommandLine) -> None:
    """`artifacts list --json` names the newest version in its contract form."""
    _train(raincheck)
    newest = raincheck.deployment.index.records.version("model", "3")
    assert newest is not None
    assert raincheck.document("artifacts", "list") == [
        {
            "artifact": "model",
            "versions": 3,
            "newest": newest.model_dump(mode="json"),
            "aliases": {"production": "2"},
        }
    ]


def test_no_artifacts_is_no_error(raincheck: CommandLine) -> None:
    """An empty index gives an empty array, and a remark for people."""
    assert raincheck.document("artifacts", "list") == []
    assert raincheck("artifacts", "list").err.startswith("no artifacts in namespace")


def test_a_name_alone_shows_its_newest_versions(raincheck: CommandLine) -> None:
    """`artifacts show NAME` is a table of versions, newest first, with tags and aliases."""
    _train(raincheck)
    out = raincheck("artifacts", "show", "model", "--limit", "2").out
    assert "model: the newest 2 of 3 versions" in out
    assert [line.split()[0] for line in out.splitlines()[3:]] == ["3", "2"]
    assert out.splitlines()[-1].split()[-1] == "production"
    versions = raincheck.document("artifacts", "show", "model", "--limit", "2")
    assert [version["version"] for version in versions] == ["3", "2"]


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("model@1", "1"),
        ("model:production", "2"),
        ("model:latest", "3"),
        ("model?min=MSE", "2"),
        ("model?max=MSE", "3"),
        ("model?tag=nightly", "1"),
        ("model?where=MSE<0.6", "2"),
    ],
)
def test_every_form_of_reference_names_one_version(
    raincheck: CommandLine, reference: str, version: str
) -> None:
    """`artifacts show` takes each string form that a reference has."""
    _train(raincheck)
    assert raincheck.document("artifacts", "show", reference)["version"] == version
    assert raincheck("artifacts", "show", reference).out.split()[:2] == [
        "version",
        f"model@{version}",
    ]


def test_a_version_shows_where_it_comes_from(raincheck: CommandLine) -> None:
    """The page of a version has digest, type, metadata, producing run and step."""
    run = raincheck.driver.submit(pipeline(step("fit", outputs=["model"])))
    version = new_version("model", output="model", tags=("nightly",), metadata={"MSE": 0.5})
    raincheck.driver.finish(run, "fit", version)
    out = raincheck("artifacts", "show", "model@1").out
    rows = {line[:12].strip(): line[12:].strip() for line in out.splitlines()}
    assert rows["type"] == "builtins.float"
    assert rows["digest"] == version.record.digest
    assert rows["metadata MSE"[:12]] == "0.5"
    assert rows["tags"] == "nightly"


def test_a_metadata_reference_shows_its_value_first(raincheck: CommandLine) -> None:
    """`#/MSE` puts the value that it points at under the name of the version."""
    _train(raincheck)
    lines = raincheck("artifacts", "show", "model@2#/MSE").out.splitlines()
    assert lines[1].split() == ["/MSE", "0.25"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("modle", "artifact 'modle' has no versions yet; did you mean model?"),
        ("modle@2", "artifact 'modle' has no versions yet; did you mean model?"),
        ("zebra", "artifact 'zebra' has no versions yet\n"),
        ("model@9", "'model' has no version '9' yet\n"),
        ("model:staging", "'model' has no alias 'staging' yet\n"),
        ("model@2#/R2", "model@2 has no metadata at '/R2' yet\n"),
        ("model@2#/MSE/0", "a float has nothing at '0'"),
        ("model?best=MSE", "there are min, max, tag, where"),
        ("Model", "is not a reference"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_exit_code_2(
    raincheck: CommandLine, reference: str, words: str
) -> None:
    """A missing or misspelt reference is told in words, with near names of artifacts."""
    _train(raincheck)
    answer = raincheck("artifacts", "show", reference)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert words in answer.err
    assert answer.err.count("\n") == 1
