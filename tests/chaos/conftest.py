"""How long scenarios last, and by which seeds."""

import os
import tempfile
from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from raincheck import use_deployment
from tests.chaos.faults.server import ChaosServer
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.stage import Stage, staged
from tests.chaos.verdict import FIGURES, rows
from tests.support.servers import running_server
from tests.support.workers import Fleet, running_fleet

_VARIABLES = os.environ  # noqa: TID251 - variables of the test run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each scenario with the seeds of `CHAOS_SEEDS`, one by default."""
    if "schedule" in metafunc.fixturenames:
        seeds = int(_VARIABLES.get("CHAOS_SEEDS", "1"))
        metafunc.parametrize("seed", range(1, seeds + 1))


def pytest_configure(config: pytest.Config) -> None:
    """Name a file for the figures, which the processes of `-n` find, too."""
    if FIGURES not in _VARIABLES and not hasattr(config, "workerinput"):
        descriptor, path = tempfile.mkstemp(prefix="chaos-figures-")
        os.close(descriptor)
        _VARIABLES[FIGURES] = path
        config.add_cleanup(partial(_forget, Path(path)))


def _forget(file: Path) -> None:
    del _VARIABLES[FIGURES]
    file.unlink()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures of all scenarios, as a table."""
    written = rows()
    if written:
        terminalreporter.section("chaos")
        terminalreporter.write_line("\n".join(written))


@pytest.fixture
def schedule(seed: int) -> Schedule:
    """Faults for `CHAOS_SECONDS`; for 8 s by default."""
    return Schedule(seed, float(_VARIABLES.get("CHAOS_SECONDS", "8")))


@pytest.fixture
def valkey_url() -> Generator[str]:
    """A server for each test: a mutant leaves its library there."""
    with running_server() as url:
        yield url


@pytest.fixture
def fleet(valkey_url: str) -> Generator[Fleet]:
    """A deployment with a short lease; it starts the workers that it needs."""
    with running_fleet(valkey_url, lease=LEASE) as fleet, use_deployment(fleet.deployment):
        yield fleet


@pytest.fixture
def patient_fleet(valkey_url: str) -> Generator[Fleet]:
    """One with a long lease, whose ticks a test may let pass."""
    with running_fleet(valkey_url) as fleet, use_deployment(fleet.deployment):
        yield fleet


@pytest.fixture
def bare_stage(schedule: Schedule, tmp_path: Path) -> Generator[Stage]:
    """A server of its own that syncs each write, without workers."""
    server = ChaosServer(tmp_path)
    server.start()
    try:
        with staged(server, schedule, tmp_path) as stage:
            yield stage
    finally:
        server.kill()


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    """The same with two workers."""
    bare_stage.start_workers()
    return bare_stage
