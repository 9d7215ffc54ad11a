"""Hostile messages in the queues of running workers: put aside, and nothing else happens."""

import bz2
import json
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck_contracts.messages import STEP_TASK_NAME
from raincheck_contracts.runs import RunStatus
from tests.functional import pipelines
from tests.support.hostile import HEADERS, Forged, envelope, hostile_entries, message
from tests.support.raw_messages import broadcast, push
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, Fleet, Worker

pytestmark = pytest.mark.functional

MIB = 1 << 20


def memory(worker: Worker) -> int:
    """The most resident memory that the main process ever had, in bytes."""
    status = Path(f"/proc/{worker.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _bad(fleet: Fleet) -> int:
    return fleet.deployment.index.records.figures().bad


def _bomb() -> bytes:
    return Forged(
        {**HEADERS, "compression": "application/x-bz2"}, bz2.compress(bytes(400 * MIB))
    ).entry()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_hostile_entries_are_put_aside(fleet: Fleet, pool: str) -> None:
    """Every one, by the same worker, in little memory; the next good step runs."""
    worker = fleet.start(pool=pool, concurrency=1)
    assert pipelines.double_given.delay(1.0).get(timeout=20) == 2.0
    before = memory(worker)
    entries = [entry for _, entry in hostile_entries()]
    assert len(entries) >= 40
    push(fleet.deployment.hints.app, DEFAULT_QUEUE, entries)
    assert pipelines.double_given.delay(2.0).get(timeout=30) == 4.0
    assert _bad(fleet) == fleet.deployment.index.bad_messages.kept() == len(entries)
    assert worker.process.poll() is None
    assert memory(worker) - before < 64 * MIB
    assert 0 < worker.log.count("put aside: ") <= 8, "once for each kind"
    assert "Traceback" not in worker.log


def test_a_bomb_is_not_decompressed(fleet: Fleet) -> None:
    """A kilobyte that would be 400 MiB."""
    worker = fleet.start(concurrency=1)
    before, bomb = memory(worker), _bomb()
    assert len(bomb) < 2_000
    push(fleet.deployment.hints.app, DEFAULT_QUEUE, [bomb])
    wait_until(lambda: _bad(fleet) == 1, 10)
    assert memory(worker) - before < 64 * MIB
    (found,) = fleet.deployment.index.bad_messages.newest(10)
    assert (found.queue, found.reason) == (
        DEFAULT_QUEUE,
        "headers compression: Input should be None",
    )


def test_without_its_intake_a_worker_takes_the_bomb(fleet: Fleet) -> None:
    """The mutant: so the test before can fail."""
    worker = fleet.start(concurrency=1, imports=(PIPELINES, "tests.functional.no_intake"))
    before = memory(worker)
    push(fleet.deployment.hints.app, DEFAULT_QUEUE, [_bomb()])
    wait_until(lambda: memory(worker) - before > 300 * MIB, 30)


@pytest.mark.parametrize("entry", [b"hello", b"[1, 2]", b"[" * 100_000])
def test_without_its_intake_a_worker_dies(fleet: Fleet, entry: bytes) -> None:
    """The mutant: so the tests before can fail."""
    worker = fleet.start(concurrency=1, imports=(PIPELINES, "tests.functional.no_intake"))
    push(fleet.deployment.hints.app, DEFAULT_QUEUE, [entry])
    wait_until(lambda: worker.process.poll() is not None, 30)
    assert _bad(fleet) == 0


def test_hostile_commands_to_all_workers_are_dropped(crew: Fleet) -> None:
    """They are logged; commands that Celery knows still arrive."""
    app = crew.deployment.hints.app
    squeezed = {**envelope(message()), "headers": {"compression": "application/x-bz2"}}
    for payload in (
        *(b"hello", b"[]", b"7", b"null", b"{}", b"[" * 100_000),
        json.dumps(squeezed).encode(),
        message([1, 2], method="shutdown").entry(),
        Forged({}, b"\x80\x04.", "application/x-python-serialize", "binary").entry(),
    ):
        assert broadcast(app, payload)
        # After some of them Celery listens anew, and does not hear what comes in between.
        wait_until(lambda: bool(app.control.inspect(timeout=1, limit=1).ping()), 20)
    assert pipelines.double_given.delay(2.0).get(timeout=10) == 4.0
    assert crew.workers[0].process.poll() is None


def _goes_on(fleet: Fleet, worker: Worker, log: Path) -> bool:
    """Whether a worker whose children are younger than its connections survives the command."""
    assert pipelines.kill_workers.delay(str(log)).wait(timeout=20) is RunStatus.FAILED
    assert pipelines.double_given.delay(1.0).get(timeout=10) == 2.0
    unreadable = message([1, 2], method="shutdown").entry()
    assert broadcast(fleet.deployment.hints.app, unreadable)
    wait_until(lambda: "Control command error" in worker.log, 10)
    handle = pipelines.double_given.delay(2.0)
    try:
        return handle.wait(timeout=4) is RunStatus.SUCCEEDED
    except TimeoutError:
        return False


def test_an_unreadable_command_stops_no_worker(fleet: Fleet, tmp_path: Path) -> None:
    """Celery listens anew; the old socket, which its children still hold, is not heard."""
    assert _goes_on(fleet, fleet.start(), tmp_path / "log")


def test_without_its_intake_a_worker_stops_at_an_unreadable_command(
    fleet: Fleet, tmp_path: Path
) -> None:
    """The mutant: so the test before can fail."""
    worker = fleet.start(imports=(PIPELINES, "tests.functional.no_intake"))
    assert not _goes_on(fleet, worker, tmp_path / "log")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("shutdown", {}),
        ("pool_shrink", {"n": 2}),
        ("pool_restart", {"reload": True}),
        ("autoscale", {"max": 0, "min": 0}),
        ("cancel_consumer", {"queue": DEFAULT_QUEUE}),
        ("rate_limit", {"task_name": STEP_TASK_NAME, "rate_limit": "1/h"}),
        ("time_limit", {"task_name": STEP_TASK_NAME, "hard": 0.001}),
    ],
)
def test_a_worker_obeys_nobody_who_would_stop_it(
    crew: Fleet, command: str, arguments: dict[str, Any]
) -> None:
    """Whoever reaches the broker can ask for it; nothing changes."""
    control = crew.deployment.hints.app.control
    control.broadcast(command, arguments=arguments)
    inspect: Any = control.inspect(timeout=10, limit=1)
    (answer,) = inspect.stats().values()
    assert answer["pool"]["max-concurrency"] == 2
    (queues,) = inspect.active_queues().values()
    assert DEFAULT_QUEUE in [queue["name"] for queue in queues]
    assert pipelines.double_given.delay(2.0).get(timeout=10) == 4.0


@pytest.mark.parametrize(
    "question",
    ["ping", "stats", "active", "reserved", "scheduled", "revoked", "registered", "conf"],
)
def test_a_worker_answers_questions(crew: Fleet, question: str) -> None:
    """Those of Flower and of `celery inspect`."""
    inspect = crew.deployment.hints.app.control.inspect(timeout=10, limit=1)
    assert list(getattr(inspect, question)() or {}) == [f"w0@{gethostname()}"]
