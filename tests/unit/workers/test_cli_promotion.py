from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line

BETTER = ("--if-better", "MSE", "--mode", "min")
PROD = ("--alias", "prod")


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with three versions, the second the best."""
    with command_line(tmp_path) as command:
        for error in (0.5, 0.25, 0.75):
            command.driver.publish("model", MSE=error)
        yield command


def test_promote_says_what_was_compared(raincheck: CommandLine) -> None:
    """The alias, the version, both values; the newest without a version, or any reference."""
    first = raincheck("artifacts", "promote", "model", *PROD, *BETTER)
    assert (first.code, first.out) == (0, "model:prod is model@3 now: prod named nothing before\n")
    second = raincheck("artifacts", "promote", "model?min=MSE", *PROD, *BETTER)
    assert second.out == "model:prod is model@2 now: MSE=0.25 of 2 is better than 0.75 of 3\n"
    third = raincheck("artifacts", "promote", "model@1", *PROD)
    assert third.out == "model:prod is model@1 now: it replaces 2\n"
    again = raincheck("artifacts", "promote", "model@1", *PROD)
    assert (again.code, again.out) == (0, "model:prod is not moved: prod names 1 already\n")


def test_not_better_is_exit_code_1(raincheck: CommandLine) -> None:
    """With a line that says so, or the document with `moved` false."""
    raincheck("artifacts", "promote", "model@2", *PROD)
    worse = raincheck("artifacts", "promote", "model@1", *PROD, *BETTER)
    words = "model:prod is not moved: MSE=0.5 of 1 is not less than 0.25 of 2, which stays\n"
    assert (worse.code, worse.out, worse.err) == (1, words, "")
    as_json = raincheck("artifacts", "promote", "model@1", *PROD, *BETTER, "--json")
    assert as_json.code == 1
    assert as_json.document == {
        "artifact": "model",
        "alias": "prod",
        "moved": False,
        "candidate": "1",
        "version": "2",
        "replaced": "2",
        "metric": "MSE",
        "mode": "min",
        "old": 0.25,
        "new": 0.5,
        "revision": 4,
        "reason": "MSE=0.5 of 1 is not less than 0.25 of 2, which stays",
    }


def test_rollback_goes_back(raincheck: CommandLine) -> None:
    """To what was named before, step by step; then it says that there is nothing left."""
    for version in ("1", "2", "3"):
        raincheck("artifacts", "promote", f"model@{version}", *PROD)
    wrong = raincheck("artifacts", "rollback", "model", *PROD, "--expect", "1")
    assert (wrong.code, "names 3 now" in wrong.err) == (2, True)
    answer = raincheck("artifacts", "rollback", "model", *PROD, "--why", "wrong prices")
    assert answer.out == "model:prod is model@2 now: it replaces 3\n"
    assert raincheck.document("artifacts", "rollback", "model", *PROD)["version"] == "1"
    nothing = raincheck("artifacts", "rollback", "model", *PROD)
    assert (nothing.code, nothing.out) == (2, "")
    assert "cannot be rolled back: no earlier version is recorded" in nothing.err


def test_history_lists_who_when_why(raincheck: CommandLine) -> None:
    """Newest first; of every kind of move, also by `artifacts alias`."""
    assert raincheck.document("artifacts", "history", "model", *PROD) == []
    assert "no move of model:prod" in raincheck("artifacts", "history", "model", *PROD).err
    raincheck("artifacts", "alias", "model", "prod", "1", "--why", "the first")
    raincheck("artifacts", "promote", "model@2", *PROD, *BETTER, "--why", "it is\nbetter")
    raincheck("artifacts", "rollback", "model", *PROD)
    lines = raincheck("artifacts", "history", "model", *PROD).out.splitlines()
    assert lines[0].strip() == "model:prod"
    rows = [line.split() for line in lines[3:]]
    assert [row[4] for row in rows] == ["rollback", "promote", "set"]
    assert "MSE 0.5 -> 0.25" in lines[4]
    assert lines[4].rstrip().endswith("it is better")
    assert lines[5].rstrip().endswith("the first")
    document = raincheck.document("artifacts", "history", "model", *PROD, "--limit", "2")
    assert [(move["how"], move["to"]) for move in document] == [("rollback", "1"), ("promote", "2")]
    assert all(move["by"] for move in document)


def test_protect_names_who_may_move_it(raincheck: CommandLine) -> None:
    """Then nobody does by hand, and the error says how to set it free."""
    protect = ("artifacts", "protect", "model", *PROD)
    assert raincheck(*protect).out == "model:prod is free\n"
    answer = raincheck(*protect, "--pipeline", "evaluate", "--pipeline", "emergency")
    assert answer.out == "model:prod is moved by runs of evaluate or emergency alone\n"
    for command in (("promote", "model@1", *PROD), ("alias", "model", "prod", "1")):
        refused = raincheck("artifacts", *command)
        assert refused.code == 2
        assert "not by a move by hand" in refused.err
        assert "raincheck artifacts protect model --alias prod --free" in refused.err
    assert raincheck.document(*protect)["pipelines"] == ["evaluate", "emergency"]
    assert raincheck(*protect, "--free").out == "model:prod is free\n"
    assert raincheck("artifacts", "promote", "model@1", *PROD).code == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("promote", "model@9", *PROD), "'model' has no version '9' yet"),
        (("promote", "modle", *PROD), "did you mean model?"),
        (("promote", "model#/MSE", *PROD), "names metadata"),
        (("promote", "model", "--alias", "7"), "7"),
        (("promote", "model", *PROD, "--if-better", "MSE"), "Give both"),
        (("promote", "model", *PROD, "--if-better", "R2", "--mode", "max"), "has no R2"),
        (("protect", "model", *PROD, "--pipeline", "x", "--free"), "Give one of them"),
        (("protect", "model", *PROD, "--pipeline", "no name"), "pipeline 'no name'"),
        (("history", "model", "--alias", "latest"), "latest"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    raincheck: CommandLine, words: tuple[str, ...], problem: str
) -> None:
    """Each says what was wrong."""
    answer = raincheck("artifacts", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert problem in answer.err
