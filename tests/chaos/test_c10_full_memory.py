"""C10: the server is full for some seconds, and refuses whatever needs memory."""

import os
import signal
import time

import pytest

from raincheck import save_artifact
from raincheck_contracts.errors import IndexUnavailableError
from tests.chaos.load import held
from tests.chaos.stage import Stage
from tests.support.waiting import wait_until
from tests.support.workers import Worker

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Bytes: less than any server needs.
FULL = 1_000_000


def test_a_full_server_refuses_in_words_and_all_goes_on_after(stage: Stage) -> None:
    """No worker dies, nothing is half published, and lost messages are sent again."""

    def fill() -> None:
        stage.server.ask("CONFIG", "SET", "maxmemory", FULL)
        with pytest.raises(IndexUnavailableError, match="is full") as refused:
            save_artifact("x", "chaos-refused")
        assert "more memory" in refused.value.remedy
        time.sleep(stage.schedule.random.uniform(2.0, 4.0))  # the fault: so long it is full
        stage.server.ask("CONFIG", "SET", "maxmemory", 0)

    with stage.load():
        stage.schedule.run(fill, every=(1.0, 2.0), at_least=int(stage.schedule.seconds / 8))
    verdict = stage.verdict("C10")
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 8), operations=int(stage.schedule.seconds)
    )
    assert stage.fleet.deployment.index.records.version_count("chaos-refused") == 0
    assert stage.history.of("refused")
    stage.assert_workers_live()


def _refused_while_taking(stage: Stage, **mutant: str) -> Worker:
    """The server fills up between the message that a worker gets and the note that it has it."""
    gates = stage.folder / "gate-"
    for attempt in (1, 2):
        (stage.folder / f"gate-{attempt}").touch()
    stage.start_workers(1, "tests.chaos.mutants" if mutant else "raincheck_workers", **mutant)
    (worker,) = stage.fleet.workers
    os.kill(worker.pid, signal.SIGSTOP)
    handle = held.delay(str(stage.folder / "log"), str(gates))
    stage.server.ask("CONFIG", "SET", "maxmemory", FULL)
    os.kill(worker.pid, signal.SIGCONT)
    wait_until(lambda: "OutOfMemoryError" in worker.log, 20)
    stage.server.ask("CONFIG", "SET", "maxmemory", 0)
    if not mutant:
        assert handle.get(timeout=60) == 1
    return worker


def test_a_worker_survives_a_message_that_it_cannot_take(bare_stage: Stage) -> None:
    """It connects again, and the message, which is lost, is sent again."""
    worker = _refused_while_taking(bare_stage)
    assert worker.process.poll() is None


def test_a_worker_that_takes_the_refusal_for_a_fault_of_its_own_ends(bare_stage: Stage) -> None:
    """Mutant: Celery calls it unrecoverable."""
    worker = _refused_while_taking(bare_stage, CHAOS_MUTANT="taking again off")
    wait_until(lambda: worker.process.poll() is not None, 30)
