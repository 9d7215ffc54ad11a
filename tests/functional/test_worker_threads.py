"""A pool of threads: its steps share a process, which cannot be killed for one of them."""

from pathlib import Path

import pytest

from raincheck_contracts.errors import RunCancelledError
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, lines, step_run

pytestmark = pytest.mark.functional


def test_cancelling_one_step_leaves_the_others_alone(fleet: Fleet, tmp_path: Path) -> None:
    """The cancelled one runs on for nobody; its neighbour keeps its attempt."""
    worker = fleet.start(pool="threads", concurrency=2)
    log, gate = tmp_path / "log", tmp_path / "gate"
    cancelled = pipelines.hold.delay(str(log), str(gate), 1.0)
    kept = pipelines.hold.delay(str(log), str(gate), 2.0)
    wait_until(lambda: len(lines(log)) == 2, 10)
    cancelled.cancel()
    wait_until(lambda: "runs on in its thread" in worker.log, 5)
    gate.touch()
    assert kept.get(timeout=10) == 2.0
    assert (step_run(kept, "held").attempt, step_run(kept, "held").lost) == (1, 0)
    with pytest.raises(RunCancelledError):
        cancelled.get(timeout=5)
    wait_until(lambda: "attempt superseded" in worker.log, 5)
    versions = kept.deployment.index.records.versions("held_value")
    assert [version.record.run for version in versions] == [kept.id]
