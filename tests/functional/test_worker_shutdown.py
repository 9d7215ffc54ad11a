"""Workers that are told to end: steps drain, or are given back in time."""

import time
from pathlib import Path

import pytest

from raincheck import Client
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, step_field, step_run

pytestmark = pytest.mark.functional

#: Of the settings; the promise is 30 s for the default of 20.
GRACE = 2.0
END = GRACE + 10.0


def test_a_step_that_outlasts_the_grace_runs_again_elsewhere(fleet: Fleet, tmp_path: Path) -> None:
    """Its worker ends in time, and the step is not charged with a death."""
    grace = {"RAINCHECK_SHUTDOWN_GRACE": str(GRACE)}
    first = fleet.start(concurrency=2, environment=grace)
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate), 3.0)
    wait_until(lambda: len(lines(log)) == 1, 10)
    told = time.monotonic()
    first.process.terminate()
    fleet.start(concurrency=1)
    wait_until(lambda: len(lines(log)) == 2, END + 20)
    assert first.process.wait(END) == 0
    assert time.monotonic() - told < END + 20
    gate.touch()
    assert handle.get(timeout=10) == 3.0
    assert step_field(handle, "held", "lost") == ""
    assert len(list(Client().list_artifact_versions("held_value"))) == 1


def test_a_step_within_the_grace_is_not_run_again(fleet: Fleet, tmp_path: Path) -> None:
    """Nothing that had time to finish is executed twice."""
    worker = fleet.start(concurrency=2)
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate), 3.0)
    wait_until(lambda: len(lines(log)) == 1, 10)
    worker.process.terminate()
    node = fleet.node_of(worker)
    record = f"{fleet.deployment.index.connection.prefix}node:{node}"
    asked = [("HGET", record, "drain")]
    wait_until(lambda: fleet.deployment.index.connection.ask(asked) == [b"1"], 10)
    gate.touch()
    assert worker.process.wait(20) == 0
    assert step_run(handle, "held").state is StepState.SUCCEEDED
    assert len(lines(log)) == 1
