"""C9 for one machine: the disk of the embedded server, its settings and the blobs is full."""

import errno
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from raincheck import save_artifact, use_deployment
from raincheck.embedded.address import choose_address
from raincheck_contracts.errors import BlobWriteError, IndexUnavailableError
from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.faults.disk import SmallDisk, small_disk
from tests.chaos.history import History
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

_DISK = 64 * 2**20


@pytest.fixture
def disk_and_fleet() -> Generator[tuple[SmallDisk, Fleet]]:
    """A deployment whose home is a disk of its own, in strict durability."""
    with (
        running_fleet(None, lease=LEASE, durability="strict") as fleet,
        small_disk(fleet.deployment.settings.home, _DISK) as disk,
        use_deployment(fleet.deployment),
    ):
        try:
            yield disk, fleet
        finally:
            fleet.stop()


def _acknowledged() -> bool:
    with suppress(IndexUnavailableError, BlobWriteError):
        save_artifact("x", "chaos-again")
        return True
    return False


def test_the_embedded_server_comes_back_when_there_is_room(
    disk_and_fleet: tuple[SmallDisk, Fleet], schedule: Schedule, tmp_path: Path
) -> None:
    """Nobody has to restart it, nor the workers, and nothing that was acknowledged is lost."""
    disk, fleet = disk_and_fleet
    history, begun = History(), time.monotonic()
    fleet.start(imports=("tests.chaos.load",), environment={"RAINCHECK_DURABILITY": "strict"})
    with producing(history, str(tmp_path / "attempts"), seed=schedule.seed) as producers:
        time.sleep(schedule.seconds / 4)
        disk.keep_full(schedule.seconds / 2)
        with pytest.raises((IndexUnavailableError, BlobWriteError)):
            save_artifact("x", "chaos-refused")
        disk.free()
        freed = time.monotonic()
        wait_until(_acknowledged, 30)
        back = time.monotonic() - freed
    verdict = Verdict(scenario="C9 embedded", seed=schedule.seed, faults=1, operations=0)
    if drained(fleet.deployment, 90.0):
        for producer in producers:
            producer.succeed_again()
    history.add("test", "publication", "chaos-again@1")
    check(history, fleet.deployment, verdict)
    verdict.others |= {"refused": len(history.of("refused")), "back after s": back}
    verdict.lease, verdict.seconds = LEASE, time.monotonic() - begun
    verdict.assert_safe(faults=1, operations=int(schedule.seconds))
    assert history.of("refused")
    assert back <= 10.0
    assert all(worker.process.poll() is None for worker in fleet.workers)


def test_the_next_server_moves_nowhere_for_want_of_room(
    disk_and_fleet: tuple[SmallDisk, Fleet],
) -> None:
    """All who know the first one's address would look for it in vain."""
    _, fleet = disk_and_fleet
    home = fleet.deployment.settings.home / "inner"
    with small_disk(home, _DISK, files=16) as disk:
        first = choose_address(home)
        Path(first.socket).unlink()  # the server that ended has left it, or not
        disk.fill_with_files()
        with pytest.raises(OSError, match="No space left") as refused:
            choose_address(home)
        assert refused.value.errno == errno.ENOSPC
        disk.free()
        assert choose_address(home) == first
