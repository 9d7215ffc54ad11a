"""The wheel holds the three packages, whole, and works away from this tree."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USE = """
import raincheck, raincheck_contracts, raincheck_workers
from raincheck.index.library import library_source
packages = raincheck, raincheck_contracts, raincheck_workers
assert all(package.__file__.startswith({folder!r}) for package in packages)
assert library_source().startswith("#!lua name=raincheck_1")
raincheck.save_artifact([1, 2], "numbers")
assert raincheck.load_artifact("numbers") == [1, 2]
print("works")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_exactly_three_packages(wheel: Path) -> None:
    """Nothing else goes in, and Lua sources, type markers and the parts of pages do."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"raincheck", "raincheck_contracts", "raincheck_workers"}
    sources = sorted((ROOT / "producers/raincheck/index/lua").glob("*.lua"))
    assert {f"raincheck/index/lua/{path.name}" for path in sources} <= set(names)
    parts = {path.relative_to(ROOT / "workers") for path in ROOT.glob("workers/**/graph/*.*s")}
    assert {path.suffix for path in parts} == {".css", ".js"}
    assert set(map(str, parts)) <= set(names)
    assert {f"{top}/py.typed" for top in tops} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_works_elsewhere(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unpacked in another folder it saves and loads on the embedded server."""
    folder = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # it is not this tree's code
    shown = subprocess.run(
        [sys.executable, "-c", USE.format(folder=str(folder))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout.strip() == "works", shown.stderr
