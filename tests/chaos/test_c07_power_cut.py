"""C7: the power is cut, and a server comes back without what its disk was not told to keep."""

import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import RunHandle
from raincheck.index.connection import text
from raincheck_contracts.events import IndexReopened
from tests.chaos.faults.power import PowerCut
from tests.chaos.faults.server import ChaosServer
from tests.chaos.load import held
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.stage import Stage, staged
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Seconds of writes that `everysec` may lose, says reliability.
WINDOW = 3.0
#: Seconds that a sync takes with `everysec`, so that each cut finds some acknowledged writes.
SYNC_TIME = 0.5


@contextmanager
def _powered(
    schedule: Schedule, folder: Path, appendfsync: str, sync_time: float = 0.0
) -> Generator[tuple[Stage, PowerCut]]:
    server = ChaosServer(folder, appendfsync)
    power = PowerCut(server, folder / "trace", sync_time=sync_time)
    power.start()
    try:
        with staged(server, schedule, folder) as stage:
            stage.start_workers()
            yield stage, power
    finally:
        server.kill()


def _cut_and_judge(stage: Stage, power: PowerCut) -> tuple[Verdict, list[tuple[float, float]]]:
    """Cut the power now and then; the verdict, and begin and end of each cut."""
    cuts: list[tuple[float, float]] = []

    def cut() -> None:
        at = time.monotonic()
        power.cut()
        power.start()
        cuts.append((at, time.monotonic()))

    with stage.load():
        stage.schedule.run(cut, every=(3.0, 5.0))
        time.sleep(1.0)  # load after the last cut, too
    return stage.verdict("C7"), cuts


def test_what_was_acknowledged_survives_a_power_cut(schedule: Schedule, tmp_path: Path) -> None:
    """With `appendfsync always`: no run, no publication, and no end of a step is lost."""
    with _powered(schedule, tmp_path, "always") as (stage, power):
        verdict, cuts = _cut_and_judge(stage, power)
        verdict.assert_safe(faults=len(cuts), operations=int(schedule.seconds))
        assert cuts
        stage.assert_workers_live()


def test_syncing_now_and_then_loses_the_last_seconds_and_nothing_hangs(
    schedule: Schedule, tmp_path: Path
) -> None:
    """With `everysec`, the mutant of the above: the loss is noticed, within its window.

    And all that the server still knows of ends: also steps whose end it has forgotten.
    """
    with _powered(schedule, tmp_path, "everysec", SYNC_TIME) as (stage, power):
        verdict, cuts = _cut_and_judge(stage, power)
        verdict.scenario = "C7 everysec"
        verdict.others["lost"] = len(verdict.lost)
        verdict.report()
        assert stage.fleet.deployment.index.records.run_ids(1, live_only=True) == []
        assert verdict.duplicated == []
        assert verdict.lost, "a power cut that loses nothing proves nothing"
        told = {
            item.name: item.at for kind in ("run", "publication") for item in stage.history.of(kind)
        }
        for name in verdict.lost:
            at = told[name.split()[0]]
            assert any(cut - WINDOW <= at <= over for cut, over in cuts), name
        stage.assert_workers_live()


def _restore(server: ChaosServer, kept: Path) -> None:
    server.kill()
    shutil.rmtree(server.data_folder)
    shutil.copytree(kept, server.data_folder)
    server.start()


@contextmanager
def _restored(stage: Stage) -> Generator[int]:
    """Load, with a restored copy in the middle; the highest revision from before."""
    server, third = stage.server, stage.schedule.seconds / 3
    kept = stage.folder / "kept"
    with stage.load():
        time.sleep(third)  # load that the copy knows
        shutil.copytree(server.data_folder, kept)
        time.sleep(third)  # load that will be forgotten
        highest = stage.fleet.deployment.index.records.revision()
        _restore(server, kept)
        stage.schedule.faults += 1
        time.sleep(third)  # load on the restored server
    yield highest


def test_a_restored_server_accepts_nothing_stale_and_all_its_runs_end(stage: Stage) -> None:
    """It is put back by seconds; workers go on, and no revision is given twice."""
    index = stage.fleet.deployment.index
    with _restored(stage) as highest:
        verdict = stage.verdict("C7 restored")
    verdict.others["forgotten"] = len(verdict.lost)
    verdict.report()
    assert index.records.run_ids(1, live_only=True) == []
    assert verdict.duplicated == []
    assert verdict.lost, "nothing was forgotten: the copy was as new as the server"
    assert all("unknown" in item or "@" in item for item in verdict.lost), verdict.lost
    assert index.records.revision() > highest + 1_000_000
    events = index.events.read(limit=100_000)
    reopened = [event for event in events if isinstance(event, IndexReopened)]
    epoch = index.connection.ask([("HGET", f"{index.connection.prefix}index", "epoch")])[0]
    assert reopened[-1].data.epoch == text(epoch)
    stage.assert_workers_live()


def _with_a_forgotten_end(stage: Stage) -> RunHandle:
    """A run whose step has ended, which the index no longer knows."""
    log, kept = stage.folder / "log", stage.folder / "kept"
    handle = held.delay(str(log), str(stage.folder / "gate-"))
    wait_until(lambda: lines(log), 20)
    shutil.copytree(stage.server.data_folder, kept)
    for attempt in (1, 2):
        (stage.folder / f"gate-{attempt}").touch()
    assert handle.get(timeout=20) == 1
    _restore(stage.server, kept)
    return handle


def test_a_step_whose_end_was_forgotten_is_executed_again(stage: Stage) -> None:
    """Its node lives, but none of its processes holds it."""
    assert _with_a_forgotten_end(stage).get(timeout=30) == 2


def test_without_giving_back_such_a_step_runs_for_ever(bare_stage: Stage) -> None:
    """Mutant: its node lives, so nobody takes it."""
    bare_stage.start_workers(app="tests.chaos.mutants", CHAOS_MUTANT="giving back off")
    handle = _with_a_forgotten_end(bare_stage)
    with pytest.raises(TimeoutError):
        handle.get(timeout=4 * LEASE)
