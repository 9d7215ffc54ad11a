"""Messages that are lost, repeated, forged or nonsense: the index decides."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raincheck import RunHandle, RunStatus
from raincheck.index.connection import text
from raincheck.index.replies import Message
from raincheck.messaging.broker import DEFAULT_QUEUE, key_prefix, queue_length
from raincheck_contracts.messages import RUN_TASK_NAME, STEP_TASK_NAME, RunRequest
from tests.functional import pipelines
from tests.support.dumps import ask, key
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, Fleet, lines

pytestmark = pytest.mark.functional


def _message(handle: RunHandle, **changes: Any) -> Message:
    """A hint of a run's first step, perhaps with a changed body."""
    spec = handle.deployment.index.records.spec(handle.id)
    body = json.loads(spec.steps[0].canonical_json())
    return Message(handle.id, spec.name, DEFAULT_QUEUE, None, json.dumps({**body, **changes}))


def _ignored(fleet: Fleet, run: str) -> int:
    """Deliveries for a run that nothing was done for, by the worker's log."""
    return sum(
        run in line and line.endswith("] ignored") for line in fleet.workers[0].log.splitlines()
    )


def _send(fleet: Fleet, task: str, *args: object, **kwargs: object) -> None:
    fleet.deployment.hints.app.send_task(task, args=args, kwargs=kwargs, queue=DEFAULT_QUEUE)


def _queued(fleet: Fleet) -> int | None:
    return queue_length(fleet.deployment.hints.app, DEFAULT_QUEUE)


def _lose_messages(fleet: Fleet) -> None:
    """Delete the lists of the queue, as kombu loses what it had taken."""
    index = fleet.deployment.index
    names = ask(index, "KEYS", f"{key_prefix(index.namespace)}{DEFAULT_QUEUE}*")
    assert names
    ask(index, "DEL", *map(text, names))


def test_a_lost_message_is_sent_again(fleet: Fleet) -> None:
    """Not before it is overdue, and by the worker's sweeper: the run ends."""
    handle = pipelines.double_given.delay(3.0)
    assert _queued(fleet) == 1
    _lose_messages(fleet)
    fleet.pass_ticks()
    assert _queued(fleet) == 0, "nobody sweeps yet"
    fleet.pass_ticks(-25)
    fleet.start(concurrency=1)
    assert handle.status() is RunStatus.QUEUED, "the message may still be on its way"
    fleet.pass_ticks()
    assert handle.get(timeout=10) == 6.0


def test_repeated_messages_run_a_step_once(crew: Fleet, tmp_path: Path) -> None:
    """Whether they come while it runs or when it has ended."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.delay(str(log), str(gate))
    wait_until(lambda: len(lines(log)) == 1, 10)
    crew.deployment.hints.send([_message(handle)] * 3)
    wait_until(lambda: _ignored(crew, handle.id) == 3, 10)
    gate.touch()
    handle.wait(timeout=10)
    crew.deployment.hints.send([_message(handle)])
    wait_until(lambda: _ignored(crew, handle.id) == 4, 10)
    assert len(lines(log)) == 1


def test_a_forged_message_is_refused_and_on_record(crew: Fleet, tmp_path: Path) -> None:
    """A body with other inputs than were submitted runs nothing; the true one runs."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    handle = pipelines.hold.apply_async([str(log), str(gate), 1.0], countdown=2)
    forged = {"gate": {"kind": "value", "value": "/"}, "log": {"kind": "value", "value": str(log)}}
    crew.deployment.hints.send([_message(handle, inputs=forged)])
    wait_until(lambda: _ignored(crew, handle.id) == 1, 10)
    assert lines(log) == []
    entries = ask(crew.deployment.index, "XRANGE", key(crew.deployment.index, "bad"), "-", "+")
    fields = [{text(name): text(value) for name, value in entry[1].items()} for entry in entries]
    reason = "the body is not the one that was submitted"
    assert {"reason": reason, "run": handle.id, "step": "held"} in fields
    gate.touch()
    assert handle.get(timeout=10) == 1.0


@pytest.mark.parametrize(
    ("task", "args", "kwargs"),
    [
        (STEP_TASK_NAME, (), {"nonsense": 1}),
        (STEP_TASK_NAME, (1, 2), {}),
        (RUN_TASK_NAME, (), {"contract": 1, "namespace": "x", "pipeline": "os:system"}),
        (RUN_TASK_NAME, (), {"contract": 2}),
        ("raincheck.unheard-of", (), {}),
    ],
)
def test_a_message_that_is_none_does_not_hurt_the_worker(
    crew: Fleet, task: str, args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    """The next good step runs, in the same worker."""
    _send(crew, task, *args, **kwargs)
    assert pipelines.double_given.delay(2.0).get(timeout=10) == 4.0
    assert crew.workers[0].process.poll() is None


def test_a_run_request_starts_its_pipeline_once(
    crew: Fleet, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    """A worker compiles and submits it; the idempotency key makes two messages one run."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    gate.touch()
    request = RunRequest(
        namespace=crew.deployment.settings.namespace,
        pipeline=f"{PIPELINES}:hold",
        parameters={"log": str(log), "gate": str(gate), "value": 7.0},
        idempotency_key=fresh("key"),
    )
    before = set(crew.deployment.index.records.run_ids(1_000))
    for _ in range(2):
        _send(crew, RUN_TASK_NAME, **request.model_dump(mode="json"))
    wait_until(lambda: len(lines(log)) == 1, 10)
    (run,) = set(crew.deployment.index.records.run_ids(1_000)) - before
    wait_until(lambda: crew.workers[0].log.count(f"'{run}'") == 2, 10)
    handle = RunHandle(run, crew.deployment)
    assert handle.get(timeout=10) == 7.0
    assert set(crew.deployment.index.records.run_ids(1_000)) - before == {run}
    assert len(lines(log)) == 1
