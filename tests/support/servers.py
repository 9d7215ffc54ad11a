"""Servers and indexes for tests: fakeredis, and the embedded Valkey with the same scripts."""

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from fakeredis import FakeRedis, FakeServer

from raincheck.embedded import ensure_server, release_server
from raincheck.index import Connection, Index
from raincheck.index.connection import Commands

#: One in-memory server for all tests: each index has its own namespace.
_FAKE_SERVER = FakeServer()


@contextmanager
def running_server() -> Generator[str]:
    """A Valkey server of its own folder; the path is short, for it becomes a socket's."""
    home = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    try:
        yield ensure_server(home)
    finally:
        release_server(home)
        shutil.rmtree(home, ignore_errors=True)


def fresh_namespace() -> str:
    """A namespace that no other test uses."""
    return f"test-{secrets.token_hex(6)}"


def fake_index() -> Index:
    """An empty index on fakeredis."""
    client = cast("Commands", FakeRedis(server=_FAKE_SERVER))
    return Index(Connection("redis://fake", fresh_namespace(), client=client))


@contextmanager
def server_away() -> Generator[None]:
    """The in-memory server of all tests does not answer in this context."""
    _FAKE_SERVER.connected = False
    try:
        yield
    finally:
        _FAKE_SERVER.connected = True


def valkey_index(url: str) -> Index:
    """An empty index on a real server."""
    return Index(Connection(url, fresh_namespace()))
