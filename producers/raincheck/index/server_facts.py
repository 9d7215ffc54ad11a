"""What a server tells of itself: version, memory, persistence, clock, and our library on it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck.index.eviction import eviction_policy
from raincheck.index.library import PREFIX
from raincheck.index.server_words import append_only, number, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """Facts of one server; None or the empty text where it does not tell."""

    product: str
    """`Redis` or `Valkey`."""
    version: str
    """Of the product."""
    level: int | None
    """The major version of Redis whose commands it knows."""
    replica: bool
    eviction_policy: str
    appends: bool | None
    """Whether it keeps an append-only file."""
    sync: str
    """When that file is synced: `always`, `everysec`, `no`."""
    sync_paused: str
    """`yes`: not while it is rewritten."""
    delayed_syncs: int | None
    """How often since its start a write had to wait because the disk was slow."""
    used_memory: int | None
    """Bytes."""
    most_memory: int | None
    """Bytes, its maxmemory; 0 is no limit."""
    clock_difference: float | None
    """Seconds that its clock is ahead of this host's."""
    library: str
    """Digest of the function library; empty when there is none."""
    release: str
    """Of the Raincheck that loaded it."""
    protocol: str
    """Of the index in this namespace; empty when there is none."""


def read_server_facts(connection: Connection) -> ServerFacts:
    """Ask a server for its facts; the index is not opened, and nothing is changed.

    Args:
        connection: to the server and namespace.

    Raises:
        IndexUnavailableError: it does not answer.
    """
    began = time.time()
    moment, info, sync, paused, protocol, digest, release = connection.probe(
        [
            ("TIME",),
            ("INFO",),
            ("CONFIG GET", "appendfsync"),
            ("CONFIG GET", "no-appendfsync-on-rewrite"),
            ("HGET", f"{connection.prefix}index", "protocol"),
            ("FCALL", f"{PREFIX}digest", 1, connection.prefix),
            ("FCALL", f"{PREFIX}release", 1, connection.prefix),
        ]
    )
    told = info if isinstance(info, Mapping) else {}
    valkey = str(told.get("valkey_version", ""))
    redis = str(told.get("redis_version", ""))
    return ServerFacts(
        product="Valkey" if valkey else "Redis",
        version=valkey or redis,
        level=_level(redis),
        replica=told.get("role") in {"slave", "replica"},
        eviction_policy=eviction_policy(told),
        appends=append_only(told),
        sync=setting(sync),
        sync_paused=setting(paused),
        delayed_syncs=number(told, "aof_delayed_fsync"),
        used_memory=number(told, "used_memory"),
        most_memory=number(told, "maxmemory"),
        clock_difference=_difference(moment, began),
        library=text(digest),
        release=text(release),
        protocol=text(protocol),
    )


def _level(version: str) -> int | None:
    major = version.partition(".")[0]
    return int(major) if major.isdecimal() else None


def _difference(moment: Any, began: float) -> float | None:
    if moment is None:
        return None
    seconds, microseconds = moment
    server = int(seconds) + int(microseconds) / 1e6
    if server < began:
        return server - began
    return max(0.0, server - time.time())  # it was read somewhere in between
