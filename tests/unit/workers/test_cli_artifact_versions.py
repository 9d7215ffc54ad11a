from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import new_version, nonce
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _train(raincheck: CommandLine) -> None:
    """Five versions of `model`; the second and fourth are nightly ones."""
    versions = raincheck.deployment.index.versions
    for number, error in enumerate([0.5, 0.25, 0.75, 0.1, 0.25], 1):
        tags = () if number % 2 else ("nightly",)
        made = new_version("model", tags=tags, metadata={"MSE": error, "seed": number})
        versions.publish(nonce(), made)
    versions.set_alias(nonce(), "model", "production", "4")


def _rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()[3:]]


def test_versions_are_listed_newest_first(raincheck: CommandLine) -> None:
    """With what is known of each; nothing follows a whole list."""
    _train(raincheck)
    out = raincheck("artifacts", "versions", "model").out
    assert out.startswith("model: newest first")
    assert [row[0] for row in _rows(out)] == list("54321")
    assert _rows(out)[1][-3:] == ["seed=4", "nightly", "production"]


def test_what_is_sorted_by_has_a_column(raincheck: CommandLine) -> None:
    """In the list's order, and not among the other metadata."""
    _train(raincheck)
    out = raincheck("artifacts", "versions", "model", "--sort-by", "MSE", "--order", "min").out
    assert out.splitlines()[1].split()[:2] == ["version", "MSE"]
    pairs = [("4", "0.1"), ("5", "0.25"), ("2", "0.25"), ("1", "0.5"), ("3", "0.75")]
    assert [(row[0], row[1]) for row in _rows(out)] == pairs
    assert "MSE=" not in out


def test_a_page_ends_with_the_cursor_of_the_next(raincheck: CommandLine) -> None:
    """To be copied; the last page has none."""
    _train(raincheck)
    command, found = ["artifacts", "versions", "model", "--limit", "2"], list[str]()
    arguments = list[str]()
    for _ in range(3):
        lines = raincheck(*command, *arguments).out.splitlines()
        arguments = lines.pop().partition(": ")[2].split() if "--after" in lines[-1] else []
        found += [line.split()[0] for line in lines[3:]]
    assert found == list("54321")
    assert arguments == []


@pytest.mark.parametrize(
    ("options", "versions"),
    [
        (["--tag", "nightly"], "42"),
        (["--where", "MSE<0.5"], "542"),
        (["--where", "MSE<0.5", "--where", "MSE>0.1"], "52"),
        (["--where", "seed=3"], "3"),
        (["--pipeline", "train"], ""),
        (["--run", "r"], ""),
        (["--since", "2020-01-01T06:00"], "54321"),
        (["--until", "2020-01-01"], ""),
        (["--order", "oldest"], "12345"),
        (["--sort-by", "seed", "--order", "max", "--tag", "nightly"], "42"),
    ],
)
def test_filters_and_order(raincheck: CommandLine, options: list[str], versions: str) -> None:
    """As those of `Client().list_artifact_versions`; `--json` has page and cursor."""
    _train(raincheck)
    document = raincheck.document("artifacts", "versions", "model", *options)
    assert "".join(version["version"] for version in document["versions"]) == versions
    assert document["next_cursor"] is None


def test_nothing_found_is_no_error(raincheck: CommandLine) -> None:
    """It is said where was looked."""
    assert raincheck("artifacts", "versions", "none").err.startswith("no such versions of none")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is no time"),
        (["--sort-by", "MSE"], "sort_by='MSE' has no order"),
        (["--order", "min"], "order='min' needs sort_by="),
        (["--where", "MSE<"], "is not a reference"),
        (["--where", 'MSE<"a"'], "'MSE' is compared with 'a', no number"),
        (["--tag", "a b"], "tag='a b'"),
        (["--after", "x"], "cursor 'x': it is no cursor"),
    ],
)
def test_what_cannot_be_meant_is_said(
    raincheck: CommandLine, options: list[str], words: str
) -> None:
    """In a line, without a traceback."""
    answer = raincheck("artifacts", "versions", "model", *options)
    assert answer.code != 0
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_artifacts_are_listed_by_page(raincheck: CommandLine) -> None:
    """By the beginning of their names, after a name, so many."""
    for name in ("a1", "a2", "a3", "b"):
        raincheck.driver.publish(name)
    options = ["--prefix", "a", "--after", "a1", "--limit", "1"]
    document = raincheck.document("artifacts", "list", *options)
    assert [artifact["artifact"] for artifact in document] == ["a2"]
