"""A broker or an index that is away for a while."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from raincheck import Deployment, RunStatus, Settings, use_deployment
from raincheck.messaging.broker import broker_url
from tests.functional import pipelines
from tests.support.servers import running_server
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, running_fleet, step_run

pytestmark = pytest.mark.functional


def test_a_run_is_accepted_though_the_broker_refuses(fleet: Fleet) -> None:
    """The handle comes soon; a worker whose broker works sends the message."""
    settings = fleet.deployment.settings
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
    fleet.start(concurrency=1)
    assert handle.status() is RunStatus.QUEUED
    fleet.pass_ticks()
    assert handle.get(timeout=10) == 6.0
    unlucky.hints.app.close()
    unlucky.index.connection.close()


def test_a_run_is_accepted_though_the_broker_does_not_answer(fleet: Fleet) -> None:
    """A stopped server takes connections and says nothing: the caller is held shortly."""
    settings = fleet.deployment.settings
    with running_server() as broker:
        unlucky = Deployment(
            Settings(
                home=settings.home,
                url=settings.url,
                namespace=settings.namespace,
                broker_url=broker_url(broker),
            )
        )
        record = json.loads((_home(broker) / "server.json").read_text())
        with use_deployment(unlucky):
            pipelines.double_given.delay(1.0)
            os.kill(record["supervisor"], signal.SIGSTOP)
            os.kill(record["pid"], signal.SIGSTOP)
            begun = time.monotonic()
            handle = pipelines.double_given.delay(2.0)
            held = time.monotonic() - begun
            os.kill(record["pid"], signal.SIGCONT)
            os.kill(record["supervisor"], signal.SIGCONT)
        assert held < 5.0
        assert handle.status() is RunStatus.QUEUED
        unlucky.hints.app.close()
        unlucky.index.connection.close()


def _home(url: str) -> Path:
    return Path(url.removeprefix("unix://").partition("?")[0]).parent


def test_a_step_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    """It completes when the server is back: its attempt is still its own."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    with running_fleet(None) as fleet, use_deployment(fleet.deployment):
        fleet.start(concurrency=1)
        handle = pipelines.hold.delay(str(log), str(gate), 5.0)
        wait_until(lambda: len(lines(log)) == 1, 10)
        record = fleet.deployment.settings.home / "server.json"
        before = json.loads(record.read_text())["pid"]
        supervisor = json.loads(record.read_text())["supervisor"]
        os.kill(supervisor, signal.SIGSTOP)
        os.kill(before, signal.SIGKILL)
        gate.touch()
        wait_until(lambda: "index away" in fleet.workers[0].log, 10)
        os.kill(supervisor, signal.SIGCONT)
        wait_until(lambda: json.loads(record.read_text())["pid"] != before, 10)
        assert handle.get(timeout=20) == 5.0
        assert step_run(handle, "held").attempt == 1
