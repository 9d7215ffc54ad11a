"""`raincheck models`."""

from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck.client.client import Client
from tests.support.command_line import CommandLine, command_line
from tests.support.modelling import train


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with a model of two versions."""
    with command_line(tmp_path) as command:
        for accuracy in (0.5, 0.75):
            train(command.driver, "trained_model", "report")
            Client().log_metadata("model/churn", {"accuracy": accuracy})
        yield command


BETTER = ("--if-better", "accuracy", "--mode", "max")


def test_models_are_listed(raincheck: CommandLine) -> None:
    """With their newest version and their stages; they are not among the artifacts."""
    raincheck("models", "promote", "churn@1", "production")
    listed = raincheck("models", "list")
    assert listed.out.splitlines()[2].split()[:3] == ["churn", "2", "2"]
    assert "production->1" in listed.out
    (model,) = raincheck.document("models", "list")
    assert (model["model"], model["versions"], model["stages"]) == ("churn", 2, {"production": "1"})
    assert "churn" not in raincheck("artifacts", "list").out


def test_a_version_is_put_into_a_stage_if_it_is_better(raincheck: CommandLine) -> None:
    """The newest unless one is named; not better is exit code 1."""
    first = raincheck("models", "promote", "churn", "production", *BETTER, "--why", "a try")
    words = "model/churn:production is model/churn@2 now: production named nothing before\n"
    assert (first.code, first.out) == (0, words)
    worse = raincheck("models", "promote", "churn@1", "production", *BETTER)
    assert worse.code == 1
    assert "accuracy=0.5 of 1 is not greater than 0.75 of 2" in worse.out


def test_a_version_is_shown_with_all_that_belongs_to_it(raincheck: CommandLine) -> None:
    """Also that it was in a stage, and is no longer."""
    raincheck("models", "promote", "churn@1", "production", "--why", "the first")
    out = raincheck("models", "show", "churn:production").out
    for words in ("churn@1", "production", "metadata accuracy  0.5", "report@1", "trained_model@1"):
        assert words in out
    demoted = raincheck("models", "demote", "churn:production", "production", "--why", "too old")
    assert demoted.out == "churn@1 is no longer in stage production\n"
    shown = raincheck("models", "show", "churn@1").out
    assert "1 out of production" in shown
    assert ": too old" in shown
    assert ": the first" in shown
    document = raincheck.document("models", "show", "churn@1")
    assert document["stages"] == []
    assert [move["how"] for move in document["history"]] == ["remove", "promote"]
    assert [member["artifact"] for member in document["members"]] == ["trained_model", "report"]
    assert len(document["runs"]) == 1


def test_a_member_is_linked_and_taken_out(raincheck: CommandLine) -> None:
    """Whatever names the version."""
    done = raincheck("models", "link", "churn@2", "report@1")
    assert done.out == "report@1 is linked to churn@2 now\n"
    assert "report@1 (older)" in raincheck("models", "show", "churn@2").out
    done = raincheck("models", "unlink", "churn@2", "report@1")
    assert done.out == "report@1 is not linked to churn@2 now\n"
    assert "report@1" not in raincheck("models", "show", "churn@2").out
    document = raincheck.document("models", "unlink", "churn", "report")
    assert document == {"model": "churn@2", "member": "report@2", "linked": False}
    assert "no version '9'" in raincheck("models", "link", "churn", "report@9").err


def test_an_older_member_is_said_to_be_one(raincheck: CommandLine) -> None:
    """The newest of an artifact is the model's."""
    Client().get_model_version("churn", 2).link("report", 1)
    assert "report@1 (older)" in raincheck("models", "show", "churn@2").out


def test_what_is_not_there_is_said(raincheck: CommandLine) -> None:
    """With near names, and without a traceback."""
    missing = raincheck("models", "show", "chrun")
    assert missing.code == 2
    assert "model 'chrun' has no versions yet" in missing.err
    assert "churn" in missing.err
    assert "no version of model 'churn' is in stage" in raincheck("models", "show", "churn:x").err
    assert "names nothing now" in raincheck("models", "demote", "churn@1", "production").err
    assert "did you mean churn?" in raincheck("resolve", "report?model=chrun").err
    assert "names metadata" in raincheck("models", "show", "churn#/accuracy").err
    none = raincheck("models", "demote", "churn@1", "7")
    assert "is no alias" in none.err


def test_no_models(tmp_path: Path) -> None:
    """Where was looked is said."""
    with command_line(tmp_path) as command:
        assert "no models in namespace" in command("models", "list").err
        assert command.document("models", "list") == []


def test_an_alias_is_removed(raincheck: CommandLine) -> None:
    """Of an artifact; again is fine."""
    raincheck("artifacts", "alias", "report", "best", "1")
    gone = raincheck("artifacts", "unalias", "report", "best", "--expect", "1")
    assert gone.out == "report:best names nothing now, before 1\n"
    again = raincheck("artifacts", "unalias", "report", "best")
    assert again.out == "report:best named nothing already\n"
    assert raincheck.document("artifacts", "unalias", "report", "best")["previous"] is None
    assert "remove" in raincheck("artifacts", "history", "report", "--alias", "best").out
    assert "is removed, before 1" in raincheck("events").out


def test_references_to_models_resolve(raincheck: CommandLine) -> None:
    """Members and metadata of the model."""
    found = raincheck.document("resolve", "report?model=churn", "model/churn@1#/accuracy")
    assert "report" in str(found)
    assert "0.5" in str(found)
    run = train(raincheck.driver, "report")
    assert "model: churn@3" in raincheck("runs", "show", run).out
