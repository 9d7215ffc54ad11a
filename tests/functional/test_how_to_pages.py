"""How-to pages that need more than a worker of ours: done as they say.

Their code that is marked `py` is left out by the test that runs every page's `python`.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from raincheck.testing import last_run
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet

pytestmark = pytest.mark.functional

_BLOCK = re.compile(r"^```py(?:thon)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+)\.py\n")


def _write(page: str, folder: Path) -> list[str]:
    """Write the files of a page; the code of its other blocks."""
    code: list[str] = []
    for block in _BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text()):
        name = _FILE.match(block)
        if name:
            (folder / f"{name[1]}.py").write_text(block)
        else:
            code.append(block)
    return code


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    shown = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


def test_an_existing_app_restocks(fleet: Fleet, valkey_url: str, tmp_path: Path) -> None:
    """The page's worker runs what the page's web process queues."""
    broker = f"redis+socket://{urlsplit(valkey_url).path}?virtual_host=8"
    environment = {
        "CELERY_BROKER_URL": broker,
        "CELERY_RESULT_BACKEND": broker,
        "PYTHONPATH": str(tmp_path),
    }
    queueing, _django, scheduling = _write("existing-app.md", tmp_path)
    fleet.start(app="shop", imports=(), environment=environment)
    shown = _run(["-c", queueing], tmp_path, fleet.environment(environment))
    assert shown.splitlines()[-1] == "order 4"
    runs = fleet.deployment.index.records.run_ids(10)
    send = f"""
{scheduling}
(entry,) = app.conf.beat_schedule.values()
entry["kwargs"]["namespace"] = {fleet.deployment.settings.namespace!r}
app.send_task(entry["task"], kwargs=entry["kwargs"])
"""
    _run(["-c", send], tmp_path, fleet.environment(environment))
    wait_until(lambda: len(fleet.deployment.index.records.run_ids(10)) > len(runs), 10)
    assert last_run(fleet.deployment).get(timeout=20) == "order 4"


def test_the_tests_of_the_page_on_testing_pass(fleet: Fleet, tmp_path: Path) -> None:
    """In a project of their own, with warnings as errors."""
    assert _write("testing.md", tmp_path) == []
    command = ["-m", "pytest", "-q", "-W", "error", "test_prices.py"]
    assert "5 passed" in _run(command, tmp_path, fleet.environment({}))
