"""A worker in a thread: what it takes, and how it ends."""

import logging
import threading
from pathlib import Path

import pytest

from raincheck import Deployment, pipeline, step
from raincheck_contracts.messages import STEP_TASK_NAME
from raincheck_workers import thread
from raincheck_workers.thread import worker_thread
from tests.functional.pipelines import note, wait_for
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("deployment")


@step
def hold(log: str, gate: str) -> int:
    """Runs until the test lets it end."""
    note(log, "started")
    wait_for(gate)
    return 1


@pipeline
def held(log: str, gate: str) -> int:
    """One step that the test ends."""
    return hold(log, gate)


def test_a_message_that_cannot_be_executed_does_not_end_it(
    deployment: Deployment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next is taken."""
    gate = tmp_path / "gate"
    gate.touch()
    app = deployment.hints.app
    app.conf.broker_transport_options["polling_interval"] = 0.01
    with caplog.at_level(logging.ERROR, logger="raincheck_workers.thread"):
        app.send_task(STEP_TASK_NAME, kwargs={"nonsense": 1}, queue="raincheck")
        with worker_thread(deployment):
            assert held.delay(str(tmp_path / "log"), str(gate)).get(timeout=20) == 1
    assert [record.getMessage() for record in caplog.records] == ["message not executed"]
    assert deployment.index.records.nodes() == []


def test_a_step_that_does_not_end_is_said_at_the_end(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread cannot be killed, and a test should not go on beside it unawares."""
    monkeypatch.setattr(thread, "_PATIENCE", 0.05)
    deployment.hints.app.conf.broker_transport_options["polling_interval"] = 0.01
    log, gate = tmp_path / "log", tmp_path / "gate"

    def run() -> None:
        with worker_thread(deployment):
            held.delay(str(log), str(gate))
            wait_until(log.exists, 10)

    with pytest.raises(TimeoutError, match="a step still runs"):
        run()
    gate.touch()
    wait_until(lambda: "raincheck-worker" not in {item.name for item in threading.enumerate()})
