"""A broker or an index that is away for a while."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from raincheck import Deployment, RunStatus, Settings, use_deployment
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Farm, lines, running_farm, step_run

pytestmark = pytest.mark.functional


def test_a_run_is_accepted_though_the_broker_refuses(farm: Farm) -> None:
    """The handle comes soon; a worker whose broker works sends the message."""
    settings = farm.deployment.settings
    unlucky = Deployment(
        Settings(
            home=settings.home,
            url=settings.url,
            namespace=settings.namespace,
            broker_url="redis://127.0.0.1:1/0",
        )
    )
    begun = time.monotonic()
    with use_deployment(unlucky):
        handle = pipelines.double_given.delay(3.0)
    assert time.monotonic() - begun < 2.5
    assert handle.status() is RunStatus.QUEUED
    farm.start(concurrency=1)
    assert handle.status() is RunStatus.QUEUED
    farm.pass_ticks()
    assert handle.get(timeout=10) == 6.0
    unlucky.hints.app.close()
    unlucky.index.connection.close()


def test_a_step_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    """It completes when the server is back: its attempt is still its own."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    with running_farm(None) as farm, use_deployment(farm.deployment):
        farm.start(concurrency=1)
        handle = pipelines.hold.delay(str(log), str(gate), 5.0)
        wait_until(lambda: len(lines(log)) == 1, 10)
        record = farm.deployment.settings.home / "server.json"
        before = json.loads(record.read_text())["pid"]
        supervisor = json.loads(record.read_text())["supervisor"]
        os.kill(supervisor, signal.SIGSTOP)
        os.kill(before, signal.SIGKILL)
        gate.touch()
        wait_until(lambda: "index away" in farm.workers[0].log, 10)
        os.kill(supervisor, signal.SIGCONT)
        wait_until(lambda: json.loads(record.read_text())["pid"] != before, 10)
        assert handle.get(timeout=20) == 5.0
        assert step_run(handle, "held").attempt == 1
