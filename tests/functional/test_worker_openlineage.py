"""Events of OpenLineage from real workers."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import save_artifact
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.lineage_server import LineageServer, lineage_server
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, ROOT, Fleet, step_field, step_run

pytestmark = [pytest.mark.functional, pytest.mark.timeout(120)]


@pytest.fixture
def server() -> Generator[LineageServer]:
    """A real one on this machine."""
    with lineage_server() as server:
        yield server


def test_workers_tell_of_each_attempt(fleet: Fleet, server: LineageServer, tmp_path: Path) -> None:
    """Of one that is killed the main process tells; at the worker's end what is left is sent."""
    environment = {"RAINCHECK_OPENLINEAGE": "1", "OPENLINEAGE_URL": server.url}
    worker = fleet.start(concurrency=1, environment=environment)
    handle = pipelines.hold.delay(str(tmp_path / "log"), str(tmp_path / "gate"))
    wait_until(lambda: [event["eventType"] for event in server.events] == ["START"], 20)
    os.kill(int(step_field(handle, "held", "pid")), signal.SIGKILL)
    wait_until(lambda: len(server.events) == 3, 30)
    wait_until(lambda: step_run(handle, "held").state is StepState.RUNNING, 20)
    handle.cancel()
    wait_until(lambda: len(server.events) == 4, 30)
    save_artifact(1.0, "told-of")
    assert pipelines.double_newest.delay("told-of").get(timeout=30) == 2.0
    worker.signal(signal.SIGTERM)
    worker.process.wait(40)
    told = [
        (event["run"]["facets"]["raincheck_attempt"]["attempt"], event["eventType"])
        for event in server.of("held")
    ]
    assert sorted(told) == [(1, "ABORT"), (1, "START"), (2, "ABORT"), (2, "START")]
    events = server.of("double")
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    assert [one["name"] for one in events[-1]["inputs"]] == ["told-of"]


def test_a_worker_without_the_client_says_what_to_install(fleet: Fleet) -> None:
    """Before it starts, in one line; without the setting nothing is missed."""
    folder = fleet.folder / "sitecustomize"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'openlineage':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    environment = {"PYTHONPATH": str(folder)}
    code = (
        "from tests.functional.pipelines import double_given\n"
        "assert double_given(1.0) == 2.0\n"
        "import sys\n"
        "assert 'openlineage' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=fleet.environment({}), check=True)
    shown = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "raincheck_workers", "worker", "-I", PIPELINES],
        cwd=ROOT,
        env=fleet.environment({**environment, "RAINCHECK_OPENLINEAGE": "1"}),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 2
    assert shown.stderr.strip().splitlines()[-1] == (
        "error: RAINCHECK_OPENLINEAGE: openlineage-python is not installed; "
        "pip install 'raincheck[openlineage]'"
    )


def test_inline_runs_are_told_of(fleet: Fleet, server: LineageServer) -> None:
    """Their process sends what is left when it ends."""
    subprocess.run(
        [sys.executable, "-c", "import tests.functional.pipelines as p; p.double_given(1.0)"],
        cwd=ROOT,
        env=fleet.environment({"RAINCHECK_OPENLINEAGE": "1", "OPENLINEAGE_URL": server.url}),
        check=True,
    )
    wait_until(lambda: len(server.events) == 2, 5)
    events = server.of("double")
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
