"""The documentation builds without a warning, needs no other place, and leaves nothing out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import raincheck
import raincheck.testing
import raincheck_workers
from raincheck_contracts import errors
from raincheck_contracts.schemas import json_schemas
from raincheck_workers.cli import app
from tests.support.commands import environment
from tests.support.documentation import ROOT

#: What a browser fetches by itself; links that a reader follows are not meant.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=["']?(https?:[^"' >]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        [*command, "--config-file", "docs/mkdocs/mkdocs.yml"],
        cwd=ROOT,
        env=environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _anchors(page: Path) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', page.read_text()))


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    """Fonts, scripts, styles and pictures are the site's own."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    assert {url for page in pages for url in _FETCHED.findall(page.read_text())} == set()


def test_whatever_is_exported_is_described(site: Path) -> None:
    """Each public name and each error has a place in the reference."""
    anchors = {anchor for page in (site / "reference").glob("*.html") for anchor in _anchors(page)}
    exported = {
        f"{module.__name__}.{name}"
        for module in (raincheck, raincheck.testing, raincheck_workers)
        for name in module.__all__
    }
    raised = {
        f"{getattr(errors, name).__module__}.{name}"
        for name in errors.__all__
        if name != "RaincheckError"
    }
    assert (exported | raised) - anchors == set()


def test_each_command_and_schema_is_described(site: Path) -> None:
    """The two pages that are generated at each build are whole."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    described = _anchors(site / "reference" / "command-line.html")
    assert {f"raincheck-{name}" for name in commands} - described == set()
    for name in json_schemas():
        assert (site / "reference" / "schemas" / f"{name}.json").is_file()
