"""C9: the disk is full: that of the server's append-only file, and that of the blobs."""

import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import Client, save_artifact
from raincheck_contracts.errors import BlobCorruptError, BlobWriteError, IndexUnavailableError
from tests.chaos.faults.disk import SmallDisk, small_disk
from tests.chaos.faults.server import ChaosServer
from tests.chaos.load import SIZE, diamond
from tests.chaos.schedule import Schedule
from tests.chaos.stage import Stage, staged
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

DISK = 64 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Generator[SmallDisk]:
    """A disk of 64 MiB."""
    with small_disk(tmp_path / "disk", DISK) as disk:
        yield disk


@pytest.fixture
def server(tmp_path: Path) -> Generator[ChaosServer]:
    """With its data on a disk with room."""
    server = ChaosServer(tmp_path)
    yield server
    server.kill()


def test_a_full_disk_of_the_server_loses_nothing(
    server: ChaosServer, disk: SmallDisk, schedule: Schedule, tmp_path: Path
) -> None:
    """It ends rather than acknowledge what it cannot keep; restarted with room, all goes on."""
    server.data = disk.folder / "data"
    server.start()
    with staged(server, schedule, tmp_path) as stage:
        stage.start_workers()
        with stage.load():
            time.sleep(schedule.seconds / 3)  # load before the fault
            disk.keep_full(schedule.seconds / 4)
            assert server.ended, "the server goes on with a full disk"
            with pytest.raises(IndexUnavailableError):
                save_artifact("x", "chaos-refused")
            disk.free()
            server.start()
            schedule.faults += 1
            back = stage.back_after(time.monotonic())
        verdict = stage.verdict("C9 index")
        verdict.others["back after s"] = back
        verdict.assert_safe(faults=1, operations=int(schedule.seconds))
        assert stage.fleet.deployment.index.records.version_count("chaos-refused") == 0
        assert stage.history.of("refused")
        assert back <= 10.0
        stage.assert_workers_live()


def test_a_full_disk_of_the_blobs_publishes_nothing_half(
    server: ChaosServer, disk: SmallDisk, schedule: Schedule, tmp_path: Path
) -> None:
    """Who publishes is told; steps are tried again, and each version has its bytes."""
    server.start()
    with staged(server, schedule, tmp_path, store=str(disk.folder / "blobs")) as stage:
        stage.start_workers(RAINCHECK_STORE=str(disk.folder / "blobs"))
        with stage.load():
            time.sleep(schedule.seconds / 4)  # load before the fault
            disk.fill()
            with pytest.raises(BlobWriteError, match="No space left"):
                save_artifact(os.urandom(SIZE), "chaos-refused")
            disk.keep_full(schedule.seconds / 4)
            disk.free()
            schedule.faults += 1
            time.sleep(schedule.seconds / 4)  # load after it
        verdict = stage.verdict("C9 blobs", patience=90.0)
        verdict.assert_safe(faults=1, operations=int(schedule.seconds))
        assert stage.fleet.deployment.index.records.version_count("chaos-refused") == 0
        _assert_all_bytes_there(stage)
        stage.assert_workers_live()


def test_a_worker_that_does_not_hear_the_disk_publishes_torn_bytes(
    server: ChaosServer, disk: SmallDisk, schedule: Schedule, tmp_path: Path
) -> None:
    """Mutant: there is a version without its bytes, and the scenario notices."""
    server.start()
    store = str(disk.folder / "blobs")
    with staged(server, schedule, tmp_path, store=store) as stage:
        stage.start_workers(
            1, "tests.chaos.mutants", RAINCHECK_STORE=store, CHAOS_MUTANT="refusing disks believed"
        )
        disk.fill(leaving=SIZE // 2)
        diamond.delay(str(tmp_path / "log"), 1, 0.0)
        records = stage.fleet.deployment.index.records
        wait_until(lambda: records.version_count("chaos-begun") == 1, 30)
        with pytest.raises(BlobCorruptError):
            _assert_all_bytes_there(stage)


def _assert_all_bytes_there(stage: Stage) -> None:
    for name in stage.fleet.deployment.index.records.artifact_names():
        for version in Client().list_artifact_versions(name, limit=20):
            version.load()
