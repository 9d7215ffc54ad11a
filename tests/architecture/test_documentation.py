"""Every Python example in README and docs runs.

A block whose first line is `# name.py` becomes that file; the other blocks of a page run
one after another in one process, beside a worker that has imported the files.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+)\.py\n")


def _blocks(page: Path) -> tuple[dict[str, str], list[str]]:
    files, code = {}, []
    for block in _BLOCK.findall(page.read_text()):
        name = _FILE.match(block)
        if name:
            files[name[1]] = block
        else:
            code.append(block)
    return files, code


@pytest.mark.functional
@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(_blocks(page))], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's code runs from top to bottom as a reader would run it."""
    files, code = _blocks(page)
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "examples.py").write_text("\n".join(code))
    monkeypatch.setenv("RAINCHECK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("C_FORCE_ROOT", "1")
    command = [str(Path(sys.executable).with_name("raincheck")), "worker", *files]
    worker = None
    if files:
        worker = subprocess.Popen([*command, "--concurrency", "1"], cwd=tmp_path)
    try:
        shown = subprocess.run(
            [sys.executable, "examples.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=80,
            check=False,
        )
    finally:
        if worker is not None:
            worker.terminate()
            worker.wait(40)
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_readme_names_the_commands_that_ci_runs() -> None:
    """CI calls the README's own test command."""
    assert "make test" in (ROOT / "README.md").read_text()
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
