"""Workers that start, end in good order, and what they leave behind."""

import sys
import time
from pathlib import Path

import pytest

from raincheck import save_artifact, use_deployment
from raincheck.embedded import release_server, server_address
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, running_fleet, step_field, step_run

pytestmark = pytest.mark.functional


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_an_idle_worker_ends_soon_and_takes_leave(fleet: Fleet, pool: str) -> None:
    """Nobody has to wait for its lease."""
    worker = fleet.start(pool=pool)
    assert len(fleet.deployment.index.records.nodes()) == 1
    begun = time.monotonic()
    worker.process.terminate()
    worker.process.wait(10)
    assert time.monotonic() - begun < 5.0
    assert fleet.deployment.index.records.nodes() == []


def test_a_worker_told_to_end_finishes_its_step_and_goes_on_with_none(
    fleet: Fleet, tmp_path: Path
) -> None:
    """The step that this makes ready is a message of its own, for whoever takes it."""
    worker = fleet.start(pool="threads", concurrency=1)
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold_then_double.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    worker.process.terminate()
    wait_until(lambda: _draining(fleet), 5)
    gate.touch()
    worker.process.wait(15)
    assert step_run(handle, "held").state is StepState.SUCCEEDED
    fleet.start(concurrency=1)
    assert handle.get(timeout=10) == 2.0
    assert step_field(handle, "held", "task") != step_field(handle, "double", "task")


def _draining(fleet: Fleet) -> bool:
    connection = fleet.deployment.index.connection
    (node,) = fleet.deployment.index.records.nodes()
    return bool(connection.ask([("HGET", f"{connection.prefix}node:{node}", "drain")])[0] == b"1")


def test_the_embedded_server_ends_with_its_last_user() -> None:
    """Submitter and worker share one server, started by whoever came first."""
    with running_fleet(None) as fleet, use_deployment(fleet.deployment):
        home = fleet.deployment.settings.home
        handle = pipelines.double_given.delay(1.0)
        assert server_address(home) == fleet.deployment.index_url
        worker = fleet.start(concurrency=1)
        assert handle.get(timeout=10) == 2.0
        fleet.deployment.index.connection.close()
        release_server(home)
        assert server_address(home) is not None, "the worker still uses it"
        worker.process.terminate()
        worker.process.wait(10)
        wait_until(lambda: server_address(home) is None, 10)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_main_process_reads_no_artifacts(fleet: Fleet) -> None:
    """Storage libraries hang in a forked child whose parent has used them."""
    import numpy as np  # noqa: PLC0415 - the module of the pipelines must not need it

    worker = fleet.start(concurrency=1)
    save_artifact(np.arange(4_000.0), "numbers")
    handle = pipelines.hold_size.delay(
        "numbers", str(fleet.folder / "log"), str(fleet.folder / "gate")
    )
    wait_until(lambda: len(lines(fleet.folder / "log")) == 1, 10)
    child = int(lines(fleet.folder / "log")[0])
    libraries = ("numpy", "pyarrow", "sklearn", "pandas")
    assert "numpy" in _mapped(child, libraries)
    assert _mapped(worker.pid, libraries) == set()
    (fleet.folder / "gate").touch()
    assert handle.get(timeout=10) == 4_000


def _mapped(pid: int, libraries: tuple[str, ...]) -> set[str]:
    """The libraries that a process has loaded code of."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {name for name in libraries if f"/{name}" in maps}
