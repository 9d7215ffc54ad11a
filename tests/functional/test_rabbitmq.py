"""RabbitMQ as the broker: what is promised on Redis holds on it, too."""

import json
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from raincheck import Client, RunHandle, RunStatus, save_artifact
from raincheck.messaging.broker import DEFAULT_QUEUE, queue_length
from tests.functional import pipelines
from tests.functional.test_intake import MIB, memory
from tests.support import commands
from tests.support.hostile import HEADERS, Forged, hostile_messages, message
from tests.support.rabbitmq import RabbitServer
from tests.support.raw_messages import COMMANDS, publish
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, Fleet, lines, step_run

pytestmark = [pytest.mark.functional, pytest.mark.timeout(120)]


def _queued(fleet: Fleet, queue: str = DEFAULT_QUEUE) -> int | None:
    return queue_length(fleet.deployment.hints.app, queue)


def _refused(text: str) -> bool:
    return "broker refused hints" in text


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_steps_run(rabbit_fleet: Fleet, pool: str) -> None:
    """A chain, and a step that fans out into more messages than are sent one by one."""
    rabbit_fleet.start(pool=pool)
    assert pipelines.chain_of_ten.delay(1.0).get(timeout=30) == 11.0
    assert pipelines.fan_out.delay(1.0).get(timeout=30) == 30.0


def test_a_step_waits_and_is_woken(rabbit_fleet: Fleet) -> None:
    """Its message is gone by then; the publication sends another."""
    rabbit_fleet.start()
    handle = pipelines.double_newest.delay("model")
    wait_until(lambda: handle.status() is RunStatus.WAITING, 20)
    assert _queued(rabbit_fleet) == 0
    save_artifact(4.0, "model")
    assert handle.get(timeout=20) == 8.0


@pytest.mark.parametrize("rabbit_fleet", [3.0], indirect=True)
def test_a_killed_worker_is_replaced(rabbit_fleet: Fleet, tmp_path: Path) -> None:
    """Its step runs again on another, and is published once."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    first = rabbit_fleet.start(concurrency=1)
    handle = pipelines.hold.delay(str(log), str(gate), 5.0)
    wait_until(lambda: len(lines(log)) == 1, 20)
    rabbit_fleet.start(concurrency=1)
    first.kill()
    wait_until(lambda: len(lines(log)) == 2, 30)
    gate.touch()
    assert handle.get(timeout=20) == 5.0
    assert step_run(handle, "held").attempt == 2
    assert len(list(Client().list_artifact_versions("held_value"))) == 1
    rabbit_fleet.workers.remove(first)


def test_nothing_is_lost_when_the_broker_is_killed_under_load(
    rabbit_fleet: Fleet, rabbit: RabbitServer
) -> None:
    """Runs are accepted before, meanwhile and afterwards; each ends, on the same worker."""
    worker = rabbit_fleet.start()
    handles = [pipelines.fan_out.delay(float(number)) for number in range(15)]
    rabbit.kill()
    handles += [pipelines.double_given.delay(float(number)) for number in range(2)]
    rabbit.start()
    handles += [pipelines.fan_out.delay(float(number)) for number in range(5)]
    for handle in handles:
        _end(rabbit_fleet, handle)
    assert worker.process.poll() is None


def _end(fleet: Fleet, handle: RunHandle) -> None:
    """Wait for a run to succeed, while the index's time passes some ten times faster.

    Not faster than a worker beats, or the test would declare its own worker dead.
    """

    def ended() -> bool:
        time.sleep(0.045)  # the rate at which time passes: some 20 ticks a second
        fleet.pass_ticks(1)
        return handle.status().final

    wait_until(ended, 60)
    assert handle.status() is RunStatus.SUCCEEDED


def test_the_length_of_a_queue(rabbit_fleet: Fleet) -> None:
    """None has been sent to one that is not there; a broker that is away does not say."""
    assert _queued(rabbit_fleet) == 0
    assert _queued(rabbit_fleet, "unheard-of") == 0
    for _ in range(3):
        pipelines.double_given.delay(1.0)
    assert _queued(rabbit_fleet) == 3


def test_the_length_is_unknown_while_the_broker_is_away(
    rabbit_fleet: Fleet, rabbit: RabbitServer
) -> None:
    """Frozen or dead: unknown is not empty, and nobody is held for long."""
    rabbit.signal(signal.SIGSTOP)
    begun = time.monotonic()
    frozen = _queued(rabbit_fleet)
    held = time.monotonic() - begun
    rabbit.kill()
    dead = _queued(rabbit_fleet)
    rabbit.start()
    assert frozen is dead is None
    assert held < 10


def test_a_broker_that_hangs_holds_nobody_for_long(
    rabbit_fleet: Fleet, rabbit: RabbitServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It confirms nothing, so the message counts as not sent, and is sent again later."""
    pipelines.double_given.delay(1.0)  # connects, and declares the queue
    rabbit.signal(signal.SIGSTOP)
    begun = time.monotonic()
    handle = pipelines.double_given.delay(2.0)
    held = time.monotonic() - begun
    rabbit.kill()
    rabbit.start()
    assert _refused(caplog.text)
    assert held < 10
    assert handle.status() is RunStatus.QUEUED
    rabbit_fleet.start(concurrency=1)
    _end(rabbit_fleet, handle)
    assert handle.get(timeout=5) == 4.0


def test_without_confirms_a_message_would_count_as_sent(
    rabbit_fleet: Fleet, rabbit: RabbitServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The mutant: so the test before can fail."""
    rabbit_fleet.deployment.hints.app.conf.broker_transport_options = {}
    pipelines.double_given.delay(1.0)
    rabbit.signal(signal.SIGSTOP)
    pipelines.double_given.delay(2.0)
    rabbit.signal(signal.SIGCONT)
    assert not _refused(caplog.text)


def test_priorities_change_nothing(rabbit_fleet: Fleet, tmp_path: Path) -> None:
    """RabbitMQ's queues have none unless they are declared so: first come, first served."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    gate.touch()
    numbers = [1.0, 2.0, 3.0]
    handles = [
        pipelines.hold.apply_async([str(log), str(gate), number], priority=priority)
        for number, priority in zip(numbers, (5, 0, 9), strict=True)
    ]
    rabbit_fleet.start(concurrency=1)
    ended = [handle.get(timeout=20) for handle in handles]
    assert ended == numbers
    began = [step_run(handle, "held").started_at or 0 for handle in handles]
    assert began == sorted(began)


def test_the_doctor_looks_at_it(rabbit_fleet: Fleet, rabbit: RabbitServer) -> None:
    """Its address without the password, the queue's workers; then that it is away."""
    rabbit_fleet.start(concurrency=1)
    variables = rabbit_fleet.environment({})
    shown = commands.run(["doctor", "--json"], rabbit_fleet.folder, variables)
    checks = {check["check"]: check for check in json.loads(shown.stdout)}
    assert checks["broker"]["verdict"] == "ok"
    assert f"127.0.0.1:{rabbit.port}" in checks["broker"]["found"]
    assert "guest:guest" not in shown.stdout
    assert "served by w0@" in checks["queues"]["found"]
    rabbit.kill()
    shown = commands.run(["doctor", "--json"], rabbit_fleet.folder, variables)
    rabbit.start()
    checks = {check["check"]: check for check in json.loads(shown.stdout)}
    assert (checks["broker"]["verdict"], shown.returncode) == ("problem", 1)


def test_hostile_messages_are_put_aside(rabbit_fleet: Fleet) -> None:
    """Every one, by the same worker, in little memory; the next good step runs."""
    worker = rabbit_fleet.start(concurrency=1)
    before = memory(worker)
    forged = [forged for _, forged in hostile_messages()]
    assert len(forged) >= 40
    app = rabbit_fleet.deployment.hints.app
    publish(app, DEFAULT_QUEUE, forged)
    bomb = next(forged for name, forged in hostile_messages() if name == "bz2 bomb")
    publish(app, "", [bomb, message([1], method="shutdown"), Forged({}, b"x")], exchange=COMMANDS)
    assert pipelines.double_given.delay(2.0).get(timeout=30) == 4.0
    assert rabbit_fleet.deployment.index.records.figures().bad == len(forged)
    assert worker.process.poll() is None
    assert memory(worker) - before < 64 * MIB
    assert app.control.inspect(timeout=10, limit=1).ping()
    assert _queued(rabbit_fleet) == 0, "each is acknowledged"


def test_without_its_intake_a_worker_takes_a_bomb(rabbit_fleet: Fleet) -> None:
    """The mutant: so the test before can fail."""
    worker = rabbit_fleet.start(concurrency=1, imports=(PIPELINES, "tests.functional.no_intake"))
    before = memory(worker)
    bomb = next(forged for name, forged in hostile_messages() if name == "bz2 bomb")
    publish(rabbit_fleet.deployment.hints.app, DEFAULT_QUEUE, [bomb])
    wait_until(lambda: memory(worker) - before > 150 * MIB, 30)


def _deep_headers() -> Forged:
    deep: dict[str, Any] = {}
    for _ in range(3_000):
        deep = {"a": deep}
    return Forged({**HEADERS, "x": deep}, b"{}")


@pytest.fixture
def _deep_recursion() -> Generator[None]:
    """For the sender: py-amqp writes as it reads."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(30_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("_deep_recursion")
@pytest.mark.parametrize("intake", [True, False])
def test_headers_too_deep_to_be_read_end_no_worker(rabbit_fleet: Fleet, *, intake: bool) -> None:
    """They are left out, and the rest is put aside; without the intake the worker ends."""
    imports = (PIPELINES,) if intake else (PIPELINES, "tests.functional.no_intake")
    worker = rabbit_fleet.start(concurrency=1, imports=imports)
    publish(rabbit_fleet.deployment.hints.app, DEFAULT_QUEUE, [_deep_headers()])
    if not intake:
        wait_until(lambda: worker.process.poll() is not None, 30)
        return
    assert pipelines.double_given.delay(2.0).get(timeout=30) == 4.0
    assert rabbit_fleet.deployment.index.bad_messages.kept() == 1
    assert worker.process.poll() is None
