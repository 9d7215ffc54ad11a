"""The Dockerfile's steps, as far as they can be checked without an engine."""

import shutil
import subprocess
import tomllib
from itertools import pairwise

import pytest

from tests.support.dockerfile import ROOT, arguments_of, commands, in_build_context

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _sources() -> list[str]:
    copies = [rest.split() for rest in arguments_of("COPY")]
    return [path for words in copies if "--from" not in words[0] for path in words[:-1]]


def test_whatever_is_copied_exists_and_is_in_the_build_context() -> None:
    """And nothing else is sent to the engine that is not needed."""
    sources = _sources()
    for path in sources:
        assert (ROOT / path).exists(), path
        assert in_build_context(path), path
    for path in (".venv", ".git", ".raincheck", "tests", "docs", "workers/x/__pycache__"):
        assert not in_build_context(path), path


def test_what_the_build_backend_needs_is_copied() -> None:
    """The readme, the licence and the packages that pyproject.toml names."""
    assert {PROJECT["readme"], *PROJECT["license-files"]} <= set(_sources())
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packages = {path.partition("/")[0] for path in build["targets"]["wheel"]["packages"]}
    assert packages <= set(_sources())


def _syncs() -> list[list[str]]:
    return [words for words in commands() if words[:2] == ["uv", "sync"]]


@pytest.mark.parametrize("words", _syncs(), ids=" ".join)
def test_the_options_of_uv_and_the_extras_exist(words: list[str]) -> None:
    """By uv itself, in the version that the Dockerfile installs or a later one."""
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    shown = subprocess.run([uv, *words[1:2], "--help"], capture_output=True, text=True, check=True)
    options = {word for word in words if word.startswith("--")}
    assert {option for option in options if option not in shown.stdout} == set()
    extras = {value for option, value in pairwise(words) if option == "--extra"}
    assert extras <= set(PROJECT["optional-dependencies"])
    assert extras >= {"flower", "telemetry"}


def test_uv_is_the_one_that_make_installs() -> None:
    """Both read the same lock."""
    (pinned,) = [word for words in commands() for word in words if word.startswith("uv==")]
    assert f"UV_VERSION = {pinned.removeprefix('uv==')}\n" in (ROOT / "Makefile").read_text()


def test_what_is_built_is_what_runs() -> None:
    """One path from the build to PATH; an entry point that the project installs."""
    environment = " ".join(arguments_of("ENV"))
    assert "UV_PROJECT_ENVIRONMENT=/opt/raincheck" in environment
    assert "PATH=/opt/raincheck/bin:$PATH" in environment
    assert "--from=build /opt/raincheck /opt/raincheck" in arguments_of("COPY")
    assert arguments_of("ENTRYPOINT") == ['["raincheck"]']
    assert "raincheck" in PROJECT["scripts"]
    assert len({image.split()[0] for image in arguments_of("FROM")}) == 1
