"""Steps in somebody's own Celery application, on its own broker, beside its own tasks."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import Celery

from raincheck import RunHandle, RunStatus, save_artifact
from tests.support.hostile import message
from tests.support.raw_messages import push
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet, Worker, lines, step_run

pytestmark = pytest.mark.functional

THEIRS = "tests.functional.theirs"


@pytest.fixture
def broker(valkey_url: str) -> dict[str, str]:
    """The environment that names their broker: another database, and its results."""
    url = f"redis+socket://{urlsplit(valkey_url).path}?virtual_host=7"
    # They take pickle, which Celery refuses to root otherwise.
    return {"CELERY_BROKER_URL": url, "CELERY_RESULT_BACKEND": url, "C_FORCE_ROOT": "1"}


def _start(fleet: Fleet, broker: dict[str, str], *options: str) -> Worker:
    return fleet.start(*options, app=THEIRS, imports=(), environment=broker)


def _run_theirs(
    fleet: Fleet, environment: dict[str, str], code: str
) -> "subprocess.CompletedProcess[str]":
    """A process of theirs that runs code, after importing their module."""
    return subprocess.run(
        [sys.executable, "-c", f"from {THEIRS} import *\n{code}"],
        cwd=ROOT,
        env=fleet.environment(environment),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def _in_their_process(fleet: Fleet, broker: dict[str, str], code: str) -> str:
    """What a process of theirs prints that ends well."""
    shown = _run_theirs(fleet, broker, code)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def _handle(fleet: Fleet, run: str) -> RunHandle:
    return RunHandle(run, fleet.deployment)


def test_their_tasks_and_our_steps_run_in_one_worker(fleet: Fleet, broker: dict[str, str]) -> None:
    """Without further options, and what waits is woken from a process of theirs."""
    _start(fleet, broker)
    code = """
run = report_newest.delay("model")
while run.status() != "waiting": pass
from raincheck import save_artifact
save_artifact(21.0, "model")
print([add.delay(2, 3).get(timeout=20), run.get(timeout=20)])
"""
    assert _in_their_process(fleet, broker, code) == "[5, 'it is 42.0']"
    for task in (f"{THEIRS}.add", "report_newest.report"):  # the names that Flower shows
        assert f"Task {task}[" in fleet.workers[0].log


def test_a_killed_child_of_their_worker_is_replaced(
    fleet: Fleet, broker: dict[str, str], tmp_path: Path
) -> None:
    """Its step runs again, though their application acknowledges late and rejects."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    _start(fleet, broker)
    code = f"print(held.delay({str(log)!r}, {str(gate)!r}).id)"
    handle = _handle(fleet, _in_their_process(fleet, broker, code))
    wait_until(lambda: len(lines(log)) == 1, 20)
    os.kill(int(lines(log)[0]), signal.SIGKILL)
    wait_until(lambda: len(lines(log)) == 2, 20)
    gate.touch()
    assert handle.get(timeout=20) == 7.0
    assert step_run(handle, "hold").attempt == 2
    assert step_run(handle, "hold").lost == 1


def test_a_worker_with_queues_of_its_own_runs_only_those(
    fleet: Fleet, broker: dict[str, str]
) -> None:
    """With `-Q theirs` no step is taken; with `-Q raincheck,reports` they are."""
    code = "print([add.delay(2, 3).get(timeout=20), report_newest.delay('model').id])"
    save_artifact(1.0, "model")
    _start(fleet, broker, "-Q", "theirs")
    answer, run = json.loads(_in_their_process(fleet, broker, code).replace("'", '"'))
    handle = _handle(fleet, run)
    assert answer == 5
    assert handle.status() is RunStatus.QUEUED
    _start(fleet, broker, "-Q", "raincheck,reports")
    assert handle.get(timeout=20) == "it is 2.0"
    assert "Task raincheck.step[" not in fleet.workers[0].log


def test_their_revoked_task_ends_no_run(
    fleet: Fleet, broker: dict[str, str], tmp_path: Path
) -> None:
    """A parameter of theirs named `run` is not taken for one of ours."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    _start(fleet, broker)
    code = f"""
run = held.delay({str(log)!r}, {str(gate)!r})
assert app.control.revoke("unwanted", reply=True, timeout=20, limit=1)
named.apply_async([], {{"run": run.id}}, task_id="unwanted")
print(run.id)
"""
    handle = _handle(fleet, _in_their_process(fleet, broker, code))
    wait_until(lambda: "Discarding revoked task" in fleet.workers[0].log, 10)
    # A run that is cancelled in the same way ends within one turn of the heartbeat.
    wait_until(lambda: len(lines(log)) == 1, 10)
    gate.touch()
    assert handle.get(timeout=20) == 7.0


def test_web_processes_may_be_forked_after_a_send(fleet: Fleet, broker: dict[str, str]) -> None:
    """As gunicorn forks what it has loaded: no message of parent or children is lost."""
    code = """
import os
from raincheck.messaging.broker import queue_length
held.delay("log", "gate")
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        for _ in range(20):
            held.delay("log", "gate")
        os._exit(0)
    children.append(child)
for _ in range(20):
    held.delay("log", "gate")
print([os.waitpid(child, 0)[1] for child in children], queue_length(app, "raincheck"))
"""
    own = broker["CELERY_BROKER_URL"].replace("virtual_host=7", "virtual_host=9")
    shown = _in_their_process(fleet, {**broker, "CELERY_BROKER_URL": own}, code)
    assert shown == "[0, 0, 0] 81"


def test_a_worker_that_takes_no_json_does_not_start(fleet: Fleet, broker: dict[str, str]) -> None:
    """One line says which setting of theirs is in the way."""
    code = "app.conf.accept_content = ['pickle']; app.worker_main(['worker', '--pool', 'solo'])"
    shown = _run_theirs(fleet, {**broker, "PYTHONWARNINGS": "ignore"}, code)
    assert shown.returncode == 2
    assert shown.stderr.strip() == "error: accept_content: add 'json': messages of steps are JSON"


def test_an_eager_application_queues_nothing(fleet: Fleet, broker: dict[str, str]) -> None:
    """`delay()` says so, before anything is recorded; publishing goes on."""
    code = """
app.conf.task_always_eager = True
from raincheck import RaincheckError, save_artifact
save_artifact(1.0, "model")
try:
    report_newest.delay("model")
except RaincheckError as error:
    print(error)
print(report_newest("model"))
"""
    first, second = _in_their_process(fleet, broker, code).splitlines()
    assert first.startswith("task_always_eager: an eager application queues nothing")
    assert second == "it is 2.0"


def test_their_worker_puts_bad_messages_aside_and_runs_their_own(
    fleet: Fleet, broker: dict[str, str]
) -> None:
    """Compressed and pickled ones of theirs run; what would end the worker does not."""
    worker = _start(fleet, broker)
    app = Celery("stranger", broker=broker["CELERY_BROKER_URL"], set_as_current=False)
    for queue in ("theirs", "raincheck"):
        push(app, queue, [b"hello", b"[1, 2]", message(eta="2999-01-01").entry()])
    push(app, "raincheck", [message(task=f"{THEIRS}.add").entry()])
    code = """
options = {"serializer": "pickle", "compression": "zlib", "countdown": 0.1}
print([add.apply_async([2, 3], **options).get(timeout=20), report_newest.delay("model").id])
"""
    save_artifact(1.0, "model")
    answer, run = json.loads(_in_their_process(fleet, broker, code).replace("'", '"'))
    assert answer == 5
    assert _handle(fleet, run).get(timeout=20) == "it is 2.0"
    assert worker.process.poll() is None
    assert fleet.deployment.index.bad_messages.kept() == 7
    app.close()
