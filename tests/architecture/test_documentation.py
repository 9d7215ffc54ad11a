"""Every example in README and docs runs, and every command in them exists.

How a block is treated:

- ```` ```python ```` runs; all such blocks of a page run one after another in one process. A
  block whose first line is `# name.py` (or another file name) becomes that file instead, and
  a worker that has imported the files with steps runs beside the page.
- ```` ```sh ````: each `raincheck` command runs in the page's folder, `RUN` being the newest
  run. Commands that do not end, and blocks that set `export RAINCHECK_...` and so speak of
  another deployment, are only held against the real parser, as are those of `celery`. Commands
  of others are not looked at.
- ```` ```text ```` right after such a block is what it prints, `...` standing for anything; ids,
  times and digests need not be the same. `make docs-outputs` writes what differs anew.
- ```` ```toml ````, `yaml`, `json` and `ini` are parsed.
- `<!-- not run: reason -->` on the line before exempts a block.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from celery.bin.celery import celery
from click.testing import CliRunner

from tests.support.command_line import run_command
from tests.support.documentation import (
    PAGES,
    ROOT,
    Block,
    CommandLine,
    blocks_of,
    command_lines,
    commands_in_prose,
)
from tests.support.page_play import acts_of, play
from tests.support.page_script import matches

_BLOCKS = [block for page in PAGES for block in blocks_of(page)]
_PARSERS: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "json": json.loads,
    "ini": configparser.ConfigParser(strict=False, interpolation=None).read_string,
}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _ours(line: CommandLine) -> bool:
    """`celery -A shop` is the reader's own application."""
    return line.words[0] == "raincheck" or line.words[:3] == ("celery", "-A", "raincheck_workers")


def _understood(words: tuple[str, ...]) -> bool:
    """Whether the real parser takes these words; it parses all before it shows the help."""
    if words[0] == "celery":
        return CliRunner().invoke(celery, [*words[1:], "--help"]).exit_code == 0
    return run_command(*words[1:], "--help").code == 0


@pytest.mark.functional
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if acts_of(page)],
    ids=_name,
)
def test_the_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's blocks run from top to bottom as a reader would run them, and print that."""
    monkeypatch.setenv("REPORT_TOKEN", "not-a-secret")
    differing = [
        f"{played.act.shown.place} shows\n{played.act.shown.text}\nand not\n{played.printed}"
        for played in play(page, tmp_path)
        if played.act.shown is not None and not matches(played.act.shown.text, played.printed)
    ]
    assert differing == [], "\n".join(["see `make docs-outputs`", *differing])


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_command_exists_with_its_options(page: Path) -> None:
    """The real command line understands it, in a block or a sentence, run or not."""
    shells = [block for block in blocks_of(page) if block.language == "sh"]
    in_blocks = [line for block in shells for line in command_lines(block)]
    for line in [*in_blocks, *commands_in_prose(page)]:
        assert not _ours(line) or _understood(line.words), line.words


@pytest.mark.parametrize(
    "block", [block for block in _BLOCKS if block.language in _PARSERS], ids=lambda b: b.place
)
def test_each_configuration_can_be_parsed(block: Block) -> None:
    """TOML, YAML, JSON and INI are what they say."""
    _PARSERS[block.language](block.text)


def test_exemptions_are_few_and_explained() -> None:
    """A block that is not run says why in its page."""
    assert len([block for block in _BLOCKS if block.reason]) <= 3


def test_no_page_draws_with_what_a_browser_would_have_to_fetch() -> None:
    """Diagrams are SVG files: mermaid would be loaded from another place."""
    assert {block.place for block in _BLOCKS if block.language == "mermaid"} == set()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "tests" / "README.md"], ids=_name)
def test_each_target_of_make_exists(page: Path) -> None:
    """What a page tells to make, in a block or between backticks, the Makefile can make."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(
        r"^(?:\w+=\w+ )*make ([a-z-]+)|`make ([a-z-]+)`", page.read_text(), re.MULTILINE
    )
    assert {block or prose for block, prose in named} <= set(targets)


def test_readme_names_the_commands_that_ci_runs() -> None:
    """CI calls the README's own test command."""
    assert "make test" in (ROOT / "README.md").read_text()
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
