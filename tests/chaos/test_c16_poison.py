"""C16: steps that kill whichever process runs them."""

import json
import signal
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import RunStatus
from raincheck.queueing.run_ids import new_run_id
from raincheck_contracts._base import CONTRACT_VERSION
from raincheck_contracts.messages import STEP_TASK_NAME
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.history import History
from tests.chaos.load import diamond, poison
from tests.chaos.schedule import Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, step_run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

LOAD = ("tests.chaos.load",)


def test_poison_is_given_up_and_others_go_on(
    fleet: Fleet, schedule: Schedule, tmp_path: Path
) -> None:
    """Three processes each and no more; the load beside it is executed as ever."""
    history, begun = History(), time.monotonic()
    fatal = tmp_path / "fatal"
    workers = [fleet.start(imports=LOAD) for _ in range(2)]
    poisoned = []

    def fault() -> None:
        number = schedule.random.choice([signal.SIGSEGV, signal.SIGKILL])
        poisoned.append(poison.delay(str(fatal), number))

    log = str(tmp_path / "attempts")
    with producing(history, log, seed=schedule.seed) as producers:
        schedule.run(fault, every=(1.0, 2.0), at_least=int(schedule.seconds / 3))
    assert drained(fleet.deployment, 60.0)
    for handle in poisoned:
        assert handle.status() is RunStatus.FAILED
        assert (step_run(handle, "die").attempt, step_run(handle, "die").lost) == (3, 3)
    assert len(lines(fatal)) == 3 * len(poisoned)
    assert [worker.process.poll() for worker in workers] == [None, None]
    for producer in producers:
        producer.succeed_again()
    verdict = Verdict(scenario="C16", seed=schedule.seed, faults=schedule.faults, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    verdict.assert_safe(faults=int(schedule.seconds / 3), operations=int(schedule.seconds))


#: Runs whose time is taken, with and without poison beside them.
TIMED = 150


def _seconds(fleet: Fleet, history: History, log: str) -> float:
    """How long `TIMED` runs take that are queued at once."""
    begun = time.monotonic()
    for number in range(TIMED):
        history.add("client", "run", diamond.delay(log, number, 0.0).id, number)
    ours = {item.name for item in history.of("run")}
    records = fleet.deployment.index.records
    wait_until(lambda: not ours & set(records.run_ids(1_000, live_only=True)), 60)
    return time.monotonic() - begun


def test_others_keep_most_of_their_speed(fleet: Fleet, tmp_path: Path) -> None:
    """Three dead processes now and then are no reason for the rest to wait."""
    history, log = History(), str(tmp_path / "attempts")
    for _ in range(2):
        fleet.start(imports=LOAD)
    _seconds(fleet, history, log)  # processes import and connect
    alone = _seconds(fleet, history, log)
    poison.delay(str(tmp_path / "fatal"), signal.SIGSEGV)
    beside = _seconds(fleet, history, log)
    deaths = len(lines(tmp_path / "fatal"))
    verdict = Verdict(scenario="C16 speed", seed=1, faults=deaths, operations=0)
    check(history, fleet.deployment, verdict)
    verdict.others = {"speed beside poison": alone / beside, "deaths a second": deaths / beside}
    verdict.seconds = alone + beside
    verdict.assert_safe(faults=3, operations=3 * TIMED)
    assert alone / beside > 0.4  # 0.8 is aimed at; the two are measured one after the other


def test_hostile_messages_stop_nothing(fleet: Fleet, tmp_path: Path) -> None:
    """Runs unknown, bodies changed or torn, other namespaces, tasks that nobody has."""
    history, log = History(), tmp_path / "attempts"
    worker = fleet.start(imports=LOAD, concurrency=1)
    handle = diamond.delay(str(log), 7, 0.0)
    assert handle.get(timeout=30) == 7
    history.add("client", "run", handle.id, 7)
    app = fleet.deployment.hints.app
    begun = len(lines(log))
    hostile = list(_hostile(fleet, handle.id, str(log)))
    for name, body in hostile:
        app.send_task(name, kwargs=body, queue="raincheck", ignore_result=True)
    _seconds(fleet, history, str(log))
    assert len(lines(log)) - begun == 4 * TIMED
    assert worker.process.poll() is None
    verdict = Verdict(scenario="C16 hostile", seed=1, faults=len(hostile), operations=0)
    check(history, fleet.deployment, verdict)
    verdict.assert_safe(faults=6, operations=TIMED + 1)


def _hostile(fleet: Fleet, run: str, log: str) -> Generator[tuple[str, dict[str, object]]]:
    """Tasks and bodies of whoever can write to the broker; the first is what a true one looks like.

    Its step has succeeded, so even that does nothing.
    """
    spec = fleet.deployment.index.records.spec(run)
    step = json.loads(spec.steps[0].canonical_json())
    body: dict[str, object] = {
        "contract": CONTRACT_VERSION,
        "namespace": fleet.deployment.settings.namespace,
        "run": run,
        "pipeline": spec.name,
        "step": step,
    }
    yield STEP_TASK_NAME, body
    yield STEP_TASK_NAME, {**body, "run": new_run_id()}
    yield STEP_TASK_NAME, {**body, "namespace": "theirs"}
    yield STEP_TASK_NAME, {**body, "step": {**step, "function": "os:system"}}
    yield STEP_TASK_NAME, {**body, "step": {"name": "begin"}}
    yield STEP_TASK_NAME, {**body, "step": log}
    yield STEP_TASK_NAME, {}
    yield "os.system", {"command": f"touch {log}"}


def test_without_the_limit_poison_is_never_given_up(fleet: Fleet, tmp_path: Path) -> None:
    """A fourth process dies of it: the scenario notices."""
    fleet.start(
        app="tests.chaos.mutants", imports=LOAD, environment={"CHAOS_MUTANT": "lost limit off"}
    )
    handle = poison.delay(str(tmp_path / "fatal"), signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path / "fatal")) > 3, 30)
    assert not handle.status().final
