"""Celery beat, as a process of its own, asks for runs; a worker compiles and queues them."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from raincheck import RunHandle
from tests.support.documentation import ROOT, blocks_of
from tests.support.waiting import wait_until
from tests.support.workers import Fleet

pytestmark = pytest.mark.functional

_EXAMPLE = ROOT / "examples" / "nightly.py"
_PAGE = ROOT / "docs" / "how-to" / "schedules.md"
_SECOND = """
from datetime import UTC, datetime
from celery.beat import BeatLazyFunc
from nightly import app

def second():
    return f"{datetime.now(UTC):%H%M%S}"

(entry,) = app.conf.beat_schedule.values()
entry["schedule"] = 1.0
"""
#: The example every second instead of every night, with the example's key or one a second.
_MODULES = {
    "hasty": _SECOND,
    "every_second": _SECOND + 'entry["kwargs"]["idempotency_key"] = BeatLazyFunc(second)\n',
}


def _environment(folder: Path, valkey_url: str, database: int) -> dict[str, str]:
    """Of worker and beat: the broker of their application, and its modules."""
    for name, text in _MODULES.items():
        (folder / f"{name}.py").write_text(text)
    broker = f"redis+socket://{urlsplit(valkey_url).path}?virtual_host={database}"
    return {"CELERY_BROKER_URL": broker, "PYTHONPATH": f"{folder}:{_EXAMPLE.parent}"}


@contextmanager
def _beat(fleet: Fleet, app: str, name: str, environment: dict[str, str]) -> Generator[Path]:
    """A beat and its log; its schedule file is its own."""
    log = fleet.folder / f"{name}.log"
    command = [sys.executable, "-m", "celery", "-A", app, "beat", "--loglevel", "INFO"]
    command += ["--schedule", str(fleet.folder / name), "--pidfile", ""]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=fleet.folder,
            env=fleet.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        process.kill()
        process.wait()


def _runs(fleet: Fleet) -> list[RunHandle]:
    return [RunHandle(run, fleet.deployment) for run in fleet.deployment.index.records.run_ids(100)]


def _sent(log: Path) -> int:
    return log.read_text().count("Sending due task report at night")


def test_beat_starts_a_run_each_time(fleet: Fleet, valkey_url: str, tmp_path: Path) -> None:
    """With a key for each time: one run after another, and each succeeds."""
    environment = _environment(tmp_path, valkey_url, 9)
    fleet.start("-Q", "raincheck", app="nightly", imports=(), environment=environment)
    with _beat(fleet, "every_second", "beat", environment) as log:
        wait_until(lambda: len(_runs(fleet)) >= 3, 30)
    assert _sent(log) >= 3
    for run in _runs(fleet):
        assert run.get(timeout=20) == {"days": 7, "orders": 28}


def test_two_beats_start_one_run_a_night(fleet: Fleet, valkey_url: str, tmp_path: Path) -> None:
    """By mistake there are two, and both ask again and again."""
    environment = _environment(tmp_path, valkey_url, 10)
    worker = fleet.start("-Q", "raincheck", app="nightly", imports=(), environment=environment)
    before = datetime.now(UTC).date()
    with (
        _beat(fleet, "hasty", "one", environment) as one,
        _beat(fleet, "hasty", "two", environment) as two,
    ):
        wait_until(lambda: min(_sent(one), _sent(two)) >= 3, 30)
    # Beat says so before it sends: the last message of each may have died with it.
    asked = _sent(one) + _sent(two) - 2
    wait_until(lambda: worker.log.count("Task raincheck.run[") >= 2 * asked, 20)
    nights = {before, datetime.now(UTC).date()}  # should it be midnight just now
    assert 1 <= len(_runs(fleet)) <= len(nights)
    for run in _runs(fleet):
        assert run.get(timeout=20) == {"days": 7, "orders": 28}


def test_the_page_shows_the_example() -> None:
    """The file that a reader makes of it is the one that is run here."""
    (shown,) = [block.text for block in blocks_of(_PAGE) if block.file == "nightly.py"]
    assert shown == f"# nightly.py\n{_EXAMPLE.read_text()}"
