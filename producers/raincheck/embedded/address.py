"""Where the server of a home folder listens, and the file that says so."""

import errno
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

_RECORD: Final = "server.json"
_PREVIOUS: Final = "previous.json"
_SOCKET: Final = "valkey.sock"
_LONGEST_SOCKET: Final = 100  # bytes; kernels allow 103 (macOS) and 107 (Linux)
_TIMEOUT: Final = 1.0  # seconds
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Address:
    """A socket file; or, if that is empty, a port of 127.0.0.1 with a password."""

    socket: str = ""
    port: int = 0
    password: str = ""

    @property
    def url(self) -> str:
        """The address as redis-py reads it."""
        if self.socket:
            return f"unix://{quote(self.socket)}?db=0"
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Whether the server takes commands; not yet while it loads its data."""
        login = f"AUTH {self.password}\r\n" if self.password else ""
        with socket.socket(socket.AF_UNIX if self.socket else socket.AF_INET) as connection:
            connection.settimeout(_TIMEOUT)
            try:
                connection.connect(self.socket or ("127.0.0.1", self.port))
                connection.sendall(f"{login}PING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as reply:
                    return b"+PONG" in reply.read()
            except OSError:
                return False


@dataclass(frozen=True)
class Record:
    """What `server.json` says; `pid` changes with each restart of the server."""

    url: str
    pid: int
    supervisor: int


def write_record(home: Path, record: Record) -> None:
    """Replace `server.json` in one step."""
    new = home / f"{_RECORD}.new"
    new.write_text(json.dumps(vars(record)), encoding="ascii")
    new.chmod(0o600)  # it may hold a password
    new.replace(home / _RECORD)


def read_record(home: Path) -> Record | None:
    """Read `server.json`; none if it is not there or cannot be read."""
    return _read(home / _RECORD)


def set_record_aside(home: Path) -> None:
    """Make the record of a dead supervisor that of the previous server."""
    if (home / _RECORD).exists():
        (home / _RECORD).replace(home / _PREVIOUS)


def _read(path: Path) -> Record | None:
    try:
        record = json.loads(path.read_bytes())
        return Record(str(record["url"]), int(record["pid"]), int(record["supervisor"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def remove_record(home: Path) -> None:
    """Remove `server.json`, so that nobody looks for the server any more."""
    for name in (_RECORD, _PREVIOUS):
        (home / name).unlink(missing_ok=True)


def choose_address(home: Path) -> Address:
    """Find where a new server can listen. Only for the holder of the lock of its data.

    Returns:
        A socket in the folder; where its path is too long, or the file system has no sockets, the
        port and password on record, so that whoever knows them finds the next server there too,
        or new ones if there are none or the port is taken.

    Raises:
        OSError: The disk of the folder has no room for a socket.
    """
    path = home / _SOCKET
    path.unlink(missing_ok=True)
    if len(os.fsencode(path)) <= _LONGEST_SOCKET and _binds(socket.AF_UNIX, str(path)):
        return Address(socket=str(path))
    record = read_record(home) or _read(home / _PREVIOUS)
    last = urlsplit(record.url) if record else None
    if last and last.port and last.password and _binds(socket.AF_INET, ("127.0.0.1", last.port)):
        return Address(port=last.port, password=last.password)
    return Address(port=_free_port(), password=secrets.token_urlsafe(32))


def _binds(family: socket.AddressFamily, name: str | tuple[str, int]) -> bool:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(name)
        except OSError as error:
            if error.errno in _FULL:  # it could be there in a moment; elsewhere nobody finds it
                raise
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
