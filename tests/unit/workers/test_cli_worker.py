import sys
from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path

import pytest

from raincheck.deployment import Deployment, use_deployment
from raincheck.index import Connection, Index
from raincheck.settings import Settings
from tests.support.command_line import CommandLine, command_line, run_command


@pytest.fixture
def raincheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[CommandLine]:
    """The command line in a folder that holds a module which cannot be imported."""
    (tmp_path / "needs_much.py").write_text("import absent_library\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with command_line(tmp_path) as command:
        yield command


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (["absent_module"], "cannot import 'absent_module': ModuleNotFoundError"),
        (["json", "absent_module"], "cannot import 'absent_module': ModuleNotFoundError"),
        (
            ["needs_much"],
            "cannot import 'needs_much': ModuleNotFoundError: No module named 'absent_library'",
        ),
        (["needs_much.py"], "Name the module, not the file: needs_much"),
        ([], "no module is named"),
    ],
)
def test_a_worker_that_could_run_nothing_does_not_start(
    raincheck: CommandLine, modules: list[str], words: str
) -> None:
    """A module that cannot be imported is one line with the reason, and exit code 2."""
    answer = raincheck("worker", *modules)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: raincheck worker: ")
    assert words in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--pool", "fibres"], ["--concurrency", "0"], ["--loglevel", "loud"]]
)
def test_an_option_that_cannot_be_is_refused(raincheck: CommandLine, arguments: list[str]) -> None:
    """An unknown pool or level, or no slots at all, is exit code 2."""
    answer = raincheck("worker", "json", *arguments)
    assert answer.code == 2
    assert arguments[0] in answer.err


def test_version_says_which_release_it_is(raincheck: CommandLine) -> None:
    """`--version` prints the installed release."""
    assert raincheck("--version").out == f"raincheck {version('raincheck')}\n"


def test_help_lists_every_command(raincheck: CommandLine) -> None:
    """`--help` names the commands and says nothing of exceptions."""
    out = raincheck("--help").out
    for command in ("demo", "worker", "enqueue", "runs", "artifacts", "waiting"):
        assert f" {command} " in out
        assert "Raises:" not in raincheck(command, "--help").out


def test_an_index_that_is_away_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """No traceback when nothing answers at `RAINCHECK_URL`."""
    index = Index(Connection("redis://127.0.0.1:1/0", "default"))
    with use_deployment(Deployment(Settings(home=tmp_path), index=index)):
        answer = run_command("runs", "list")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: the index at redis://127.0.0.1:1/0 does not answer")
    assert answer.err.count("\n") == 1
