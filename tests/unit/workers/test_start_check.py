"""Before a worker starts: servers on which it must not."""

from pathlib import Path

import pytest

from raincheck import Deployment, Settings
from raincheck_contracts.errors import IndexProtocolError, IndexUnavailableError
from raincheck_workers.start_check import check_server
from tests.support.odd_servers import free_port, old_server, tcp_server


def _deployment(port: int, home: Path) -> Deployment:
    return Deployment(Settings(home=home, url=f"redis://127.0.0.1:{port}/0"))


def test_a_server_that_may_throw_data_away_is_refused(tmp_path: Path) -> None:
    """Runs would vanish when it is full; the same server with another policy is fine."""
    with (
        tcp_server("--maxmemory-policy", "volatile-lru") as port,
        pytest.raises(IndexProtocolError, match="volatile-lru"),
    ):
        check_server(_deployment(port, tmp_path))
    with tcp_server() as port:
        check_server(_deployment(port, tmp_path))


def test_a_server_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """It has no functions."""
    with old_server() as port, pytest.raises(IndexProtocolError, match="Redis 7 or Valkey"):
        check_server(_deployment(port, tmp_path))


def test_a_server_that_is_away_is_refused(tmp_path: Path) -> None:
    """A worker that nobody can see would do nothing."""
    with pytest.raises(IndexUnavailableError):
        check_server(_deployment(free_port(), tmp_path))


def test_a_server_that_does_not_tell_is_taken(deployment: Deployment) -> None:
    """As fakeredis, which has no INFO."""
    check_server(deployment)


@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_strict_durability_needs_a_server_that_syncs(tmp_path: Path, sync: str) -> None:
    """Refused in words that say what to set; the other is taken."""
    with tcp_server("--appendonly", "yes", "--appendfsync", sync) as port:
        url = f"redis://127.0.0.1:{port}/0"
        deployment = Deployment(Settings(home=tmp_path, url=url, durability="strict"))
        if sync == "always":
            check_server(deployment)
            return
        with pytest.raises(IndexProtocolError, match="CONFIG SET appendfsync always"):
            check_server(deployment)


def test_a_server_that_is_nearly_full_is_only_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker starts: it is not the worker that fills it."""
    with tcp_server() as port:
        deployment = _deployment(port, tmp_path)
        client = deployment.index.connection.client
        client.execute_command("SET", "ballast", b"x" * 20_000_000)
        used = client.execute_command("INFO", "memory")["used_memory"]
        client.execute_command("CONFIG", "SET", "maxmemory", int(used * 1.15))
        client.execute_command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        check_server(deployment)
    assert any("of maxmemory" in item.message for item in caplog.records)
