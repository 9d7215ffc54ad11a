"""`raincheck runs show` with its pictures, and followed where there is no terminal."""

import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import new_version, pipeline, step
from tests.support.command_line import CommandLine, command_line

SINGLE = pipeline(step("fit", "data:latest", outputs=["model"]))


@pytest.fixture
def raincheck(tmp_path: Path) -> Iterator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


@pytest.fixture
def run(raincheck: CommandLine) -> str:
    """A run that has succeeded."""
    raincheck.driver.publish("data")
    made = raincheck.driver.submit(SINGLE)
    raincheck.driver.finish(made, "fit", new_version("model", output="model"))
    return made


def test_graph_prints_mermaid(raincheck: CommandLine, run: str) -> None:
    """The flowchart is all of standard output."""
    answer = raincheck("runs", "show", run, "--graph")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("flowchart LR\n    n0[")
    assert "data@1" in answer.out


@pytest.mark.parametrize(
    ("name", "begin"), [("r.mmd", "flowchart"), ("r.svg", "<svg "), ("r.HTML", "<!doctype html>")]
)
def test_the_suffix_says_which_picture_is_written(
    raincheck: CommandLine, run: str, tmp_path: Path, name: str, begin: str
) -> None:
    """An existing file is replaced whole; nothing else is left beside it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / name).write_text("old")
    answer = raincheck("runs", "show", run, "-o", str(folder / name))
    assert (answer.code, answer.out, answer.err) == (0, "", f"wrote {folder / name}\n")
    assert (folder / name).read_text(encoding="utf-8").startswith(begin)
    assert [file.name for file in folder.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "r.pdf"], "'r.pdf' names no kind of picture. End it in .mmd, .svg or .html"),
        (["-o", "r"], "names no kind of picture"),
        (["-o", "/dev/null/r.svg"], "cannot write '/dev/null/r.svg': Not a directory"),
        (["-o", "/nowhere/r.svg"], "cannot write '/nowhere/r.svg': No such file"),
        (["-o", "r.svg", "--open"], "--open: 'r.svg' is no page. End it in .html"),
        (["--graph", "--follow"], "exclude each other"),
        (["--json", "-o", "r.svg"], "exclude each other"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_and_exit_code_2(
    raincheck: CommandLine, run: str, arguments: list[str], words: str
) -> None:
    """Nothing is written."""
    answer = raincheck("runs", "show", run, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_follow_prints_a_line_per_change_where_there_is_no_terminal(
    raincheck: CommandLine, run: str
) -> None:
    """On standard output; the exit code says whether the run succeeded."""
    answer = raincheck("runs", "show", run, "--follow")
    assert (answer.code, answer.err) == (0, "")
    assert "fit  succeeded" in answer.out
    assert answer.out.endswith("run succeeded\n")
    assert "\x1b" not in answer.out


def test_follow_ends_with_1_when_the_run_failed(raincheck: CommandLine) -> None:
    """With the error in one line."""
    made = raincheck.driver.submit(pipeline(step("fit")))
    raincheck.driver.fail(made, "fit", "final")
    answer = raincheck("runs", "show", made, "--follow")
    assert answer.code == 1
    assert "fit  failed: builtins.ValueError: no" in answer.out


def test_open_without_a_file_makes_one_of_its_own(
    raincheck: CommandLine, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that nobody else can have made; without a browser it is told where."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    answer = raincheck("runs", "show", run, "--open")
    (page,) = tmp_path.glob("raincheck-*/*.html")
    assert answer.err == f"wrote {page}\nno browser was found; open the file yourself\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
