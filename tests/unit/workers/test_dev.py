"""The parts of `raincheck dev` that need no process."""

import os
import socket
import sys
import types
from pathlib import Path

import pytest
from rich.console import Console

from raincheck import pipeline, step
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.rendering.dev_banner import Addresses, dev_banner
from raincheck_workers.dev.changes import WatchedModules
from raincheck_workers.dev.flower import flower_arguments, flower_is_installed, free_port


@step
def half(x: float) -> float:
    """Half of it."""
    return x / 2


@pipeline
def wanting(x: float, name: str, items: list[int]) -> float:
    """Three parameters without a default."""
    del name, items
    return half(x)


@pipeline
def easy(x: float = 3.0, note: str = "n") -> float:
    """None without a default."""
    del note
    return half(x)


def _banner(**found: object) -> str:
    module = types.ModuleType("halving")
    vars(module).update(found)
    addresses = Addresses("redis://:secret@db:1/0", False, Path("/blobs"), "http://127.0.0.1:5555")  # noqa: FBT003
    console = Console(width=200)
    with console.capture() as capture:
        console.print(dev_banner(addresses, [module]))
    return capture.get()


def test_the_banner_says_what_was_found_and_where_everything_is() -> None:
    """Without the password."""
    said = _banner(half=half, easy=easy, wanting=wanting)
    assert "redis://db:1/0" in said
    assert "secret" not in said
    assert "http://127.0.0.1:5555" in said
    assert "halving: half" in said
    assert "easy(x=3.0, note='n'), wanting(x, name, items)" in said


def test_the_line_for_copying_is_that_of_the_easiest_pipeline() -> None:
    """With an example where a parameter has no default."""
    both = _banner(wanting=wanting, easy=easy)
    assert "raincheck enqueue halving:easy -p x=3.0 --wait" in both
    assert "halving:wanting -p x=0.5 -p name=text -p items=VALUE --wait" in _banner(wanting=wanting)


def test_a_module_without_pipelines_has_no_such_line() -> None:
    """It may hold the steps of another one."""
    said = _banner(half=half)
    assert "pipelines  halving: none" in said
    assert "enqueue" not in said


def test_flower_takes_the_next_free_port() -> None:
    """And listens on this machine only."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        assert port < free_port(port) <= port + 100
    assert "--address=127.0.0.1" in flower_arguments(5555)


def test_without_the_extra_there_is_no_flower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for it is told how to get it, by the command."""
    assert flower_is_installed()
    monkeypatch.setitem(sys.modules, "flower", None)
    assert not flower_is_installed()


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option that chooses another one."""
    monkeypatch.setattr("raincheck_workers.dev.flower._TRIED", 0)
    with pytest.raises(ArgumentError, match="--flower-port"):
        free_port(5555)


def test_a_change_of_a_file_is_noticed_once(tmp_path: Path) -> None:
    """Of the module itself; of a package also of files below it, new ones included."""
    (tmp_path / "pack").mkdir()
    for name in ("single.py", "pack/__init__.py", "other.py"):
        (tmp_path / name).touch()
    single, package = types.ModuleType("single"), types.ModuleType("pack")
    single.__file__ = str(tmp_path / "single.py")
    package.__file__ = str(tmp_path / "pack" / "__init__.py")
    watched = WatchedModules([single, package, types.ModuleType("built_in")])
    assert not watched.changed()
    for name in ("single.py", "pack/new.py"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(1, 1))
        assert watched.changed()
        assert not watched.changed()
    os.utime(tmp_path / "other.py", ns=(1, 1))
    assert not watched.changed()
