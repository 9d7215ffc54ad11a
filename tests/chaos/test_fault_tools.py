"""The tools of the scenarios do what they say: a fault that does nothing makes every check pass."""

import errno
import time
from pathlib import Path

import pytest
from redis import RedisError

from tests.chaos.faults.clock import FakeClock
from tests.chaos.faults.disk import small_disk
from tests.chaos.faults.power import PowerCut, synced_bytes
from tests.chaos.faults.server import ChaosServer
from tests.chaos.faults.stalls import slow_syncs

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

_TRACE = """\
7  write(9</d/aof>, ""..., 50) = 50
7  fdatasync(9</d/aof>) = 0
7  write(9</d/aof>, ""..., 30) = 30
8  fdatasync(9</d/aof> <unfinished ...>
7  write(9</d/aof>, ""..., 20) = 20
7  write(4</d/other>, ""..., 900) = 900
8  <... fdatasync resumed>) = 0
"""


def test_a_sync_covers_what_was_written_before_it_began() -> None:
    """Of a sync in another thread only its begin counts, and only once it has ended."""
    lines = _TRACE.splitlines(keepends=True)
    assert synced_bytes("".join(lines[:1]), "/d/aof") == 0
    assert synced_bytes("".join(lines[:3]), "/d/aof") == 50
    assert synced_bytes("".join(lines[:6]), "/d/aof") == 50
    assert synced_bytes("".join(lines), "/d/aof") == 80


def test_a_sync_that_failed_covers_nothing() -> None:
    """The disk has said that it does not have the bytes."""
    trace = '7  write(9</d/aof>, ""..., 50) = 50\n7  fdatasync(9</d/aof>) = -1 EIO (x)\n'
    assert synced_bytes(trace, "/d/aof") == 0


@pytest.mark.parametrize("appendfsync", ["always", "everysec"])
def test_a_power_cut_takes_what_was_not_synced(tmp_path: Path, appendfsync: str) -> None:
    """A write in its first second is lost unless the server syncs always; older ones stay."""
    server = ChaosServer(tmp_path, appendfsync)
    power = PowerCut(server, tmp_path / "trace")
    power.start()
    try:
        for life in range(2):
            server.ask("SET", f"old-{life}", 1)
            time.sleep(2.5)  # the longest that `everysec` takes
            server.ask("SET", "synced", life)  # at once, for the last sync is long ago
            time.sleep(0.2)  # within the second in which `everysec` does not sync again
            server.ask("SET", f"new-{life}", 1)
            lost = power.cut()
            assert (lost > 0) == (appendfsync == "everysec")
            power.start()
            assert server.ask("EXISTS", "old-0", f"old-{life}") == 2
            assert server.ask("EXISTS", f"new-{life}") == int(appendfsync == "always")
    finally:
        server.kill()


def test_a_stall_delays_writes_and_ends(tmp_path: Path) -> None:
    """A write waits for its sync as long as the disk is slow, and no longer."""
    server = ChaosServer(tmp_path)
    server.start()
    try:
        with slow_syncs(server, 0.5, tmp_path / "stall"):
            began = time.monotonic()
            server.ask("SET", "a", 1)
            assert time.monotonic() - began >= 0.5
        began = time.monotonic()
        server.ask("SET", "a", 2)
        assert time.monotonic() - began < 0.5
    finally:
        server.kill()


def test_a_clock_jumps_while_the_process_runs(tmp_path: Path) -> None:
    """The server's time of day follows; how fast time passes does not change."""
    clock = FakeClock(tmp_path / "clock")
    server = ChaosServer(tmp_path, environment=clock.environment)
    server.start()
    try:
        for jump in (60, -3600, 0):
            clock.jump(jump)
            assert abs(_time(server) - time.time() - jump) < 5
    finally:
        server.kill()


def _time(server: ChaosServer) -> float:
    reply = server.ask("TIME")
    assert isinstance(reply, list | tuple)
    return float(reply[0])


def test_a_full_disk_takes_nothing_until_it_is_freed(tmp_path: Path) -> None:
    """Not a byte; and all again afterwards."""
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        disk.fill()
        with pytest.raises(OSError, match="No space") as caught:
            (tmp_path / "disk" / "file").write_bytes(b"x")
        assert caught.value.errno == errno.ENOSPC
        disk.free()
        (tmp_path / "disk" / "file").write_bytes(bytes(500_000))


def test_a_killed_server_comes_back_with_its_data(tmp_path: Path) -> None:
    """On the same port, after it did not answer."""
    server = ChaosServer(tmp_path)
    server.start()
    try:
        server.ask("SET", "a", 1)
        server.kill()
        with pytest.raises(RedisError):
            server.ask("GET", "a")
        assert server.start() < 20
        assert server.ask("GET", "a") == b"1"
    finally:
        server.kill()
