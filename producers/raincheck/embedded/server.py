"""A process's claim to the embedded server of a home folder."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from redis import BusyLoadingError, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from raincheck.embedded.address import Record, read_record
from raincheck.embedded.data import STRICT
from raincheck.embedded.locks import USERS_LOCK, is_at, open_lock, try_lock
from raincheck.embedded.spawn import log_tail, spawn_supervisor
from raincheck_contracts.errors import EmbeddedServerError

Durability: TypeAlias = Literal["relaxed", "strict"]

_START_TIME: Final = 20.0  # seconds without any sign of life until a start is given up
_POLL: Final = 0.02  # seconds
_TIMEOUT: Final = 5.0  # seconds for one answer


@dataclass
class _Claim:
    lock: int  # held for the life of the process; forked children hold it too
    seen: set[tuple[Record, Durability]] = field(default_factory=set[tuple[Record, Durability]])


class _Claims:
    """This process's claims by home folder; one thread at a time may use them."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.by_home: dict[Path, _Claim] = {}

    def free(self) -> None:
        """After a fork: the thread that held the mutex is the parent's."""
        self.mutex = threading.Lock()


_claims = _Claims()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_claims.free)


def ensure_server(home: Path, durability: Durability = "relaxed") -> str:
    """Start the embedded server of a home folder if it does not run, and keep it running.

    All processes that name the same folder share its server. It runs until the last of them, and
    of the children that they forked, has ended or called `release_server`. After a crash it is
    restarted with its data. Calling again is cheap, starts the server anew if its supervisor was
    killed, and is safe from several threads and processes at once.

    Args:
        home: The home folder, created (mode 0700) if need be.
        durability: `strict` syncs each write to the disk before it is acknowledged, `relaxed` once
            a second. One user who asks for `strict` decides for all.

    Returns:
        Its URL for redis-py.

    Raises:
        EmbeddedServerError: It cannot be started here; the error shows the end of its log.
    """
    if sys.platform == "win32":
        problem = "it needs Linux or macOS. Set RAINCHECK_URL to a Redis (>= 7) or Valkey server"
        raise EmbeddedServerError(str(home), problem, "(none)")
    with _claims.mutex:
        try:
            home = home.resolve()
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _ensure(home, durability)
        except (OSError, subprocess.SubprocessError) as error:
            _release(home)
            raise EmbeddedServerError(str(home), str(error), log_tail(home)) from error
        except EmbeddedServerError:
            _release(home)
            raise


def release_server(home: Path) -> None:
    """Give up this process's claim to the server; it ends when no process has one.

    Does nothing without a claim. Forked children keep their own.

    Args:
        home: The home folder.
    """
    with _claims.mutex:
        _release(home.resolve())


def server_address(home: Path) -> str | None:
    """Give the URL of the server of a home folder without starting it.

    Args:
        home: The home folder.

    Returns:
        Its URL for redis-py; none if no server was started there, or the last one has ended.
    """
    record = read_record(home.resolve())
    return record.url if record else None


def _ensure(home: Path, durability: Durability) -> str:
    claim = _claim(home)
    if durability == "strict":
        (home / STRICT).touch(mode=0o600)  # for the next server; `_state` tells the running one
    deadline = time.monotonic() + _START_TIME
    spawned = False
    while True:
        if spawn_supervisor(home, again=spawned):
            spawned = True
        record = read_record(home)
        if record is not None:
            state = _state(claim, record, durability)
            if state == "up":
                return record.url
            if state == "loading":
                deadline = time.monotonic() + _START_TIME
        _wait(home, deadline)


def _claim(home: Path) -> _Claim:
    path = home / USERS_LOCK
    claim = _claims.by_home.get(home)
    if claim is not None and is_at(claim.lock, path):
        return claim
    _release(home)  # the folder was removed, and the claim with it
    deadline = time.monotonic() + _START_TIME
    while True:
        lock = open_lock(path)
        if try_lock(lock, shared=True) and is_at(lock, path):
            return _claims.by_home.setdefault(home, _Claim(lock))
        os.close(lock)
        _wait(home, deadline)  # a supervisor that saw nobody is ending its server


def _release(home: Path) -> None:
    claim = _claims.by_home.pop(home, None)
    if claim is not None:
        os.close(claim.lock)  # closed, not unlocked: the lock is shared with forked children


def _state(
    claim: _Claim, record: Record, durability: Durability
) -> Literal["up", "loading", "down"]:
    """Ask the server for a sign of life, once; nothing stays open, so that the process may fork."""
    if (record, durability) in claim.seen:
        return "up"
    try:
        with Redis.from_url(
            record.url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        ) as client:
            client.execute_command("PING")
            if durability == "strict":
                client.config_set("appendfsync", "always")
    except BusyLoadingError:
        return "loading"
    except RedisError:
        return "down"
    claim.seen.add((record, durability))
    return "up"


def _wait(home: Path, deadline: float) -> None:
    if time.monotonic() > deadline:
        problem = f"no answer within {_START_TIME:g} seconds"
        raise EmbeddedServerError(str(home), problem, log_tail(home))
    time.sleep(_POLL)
