"""The server's data folder: its configuration, and the rule that one server at a time uses it."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from raincheck.embedded.address import Address
from raincheck.embedded.locks import open_lock, try_lock

STRICT: Final = "strict"  # a file that exists while a user of the server wants strict durability
LOG: Final = "server.log"
_DATA: Final = "valkey"
_CONFIG: Final = "valkey.conf"
_PID: Final = "valkey.pid"
_END: Final = 5.0  # seconds that an earlier server has to end by itself, and again when killed

_log = logging.getLogger("raincheck.embedded")


def write_configuration(home: Path, address: Address) -> Path:
    """Write the server's configuration file.

    Returns:
        Its path.
    """
    path = home / _CONFIG
    path.touch(mode=0o600)  # before the password is in it
    path.write_text(configuration(home, address), encoding="ascii")
    return path


def configuration(home: Path, address: Address) -> str:
    """Give the text of the server's configuration file; settings that are left out stay default."""
    settings = {
        "unixsocket": address.socket,
        "unixsocketperm": "700" if address.socket else "",
        "bind": "" if address.socket else "127.0.0.1",
        "port": str(address.port),  # 0: no network at all
        "requirepass": address.password,
        "protected-mode": "yes",
        "dir": str(home / _DATA),
        "pidfile": str(home / _PID),
        "logfile": str(home / LOG),
        "daemonize": "no",
        "set-proc-title": "no",  # the command line names the folder: see _is_server
        "appendonly": "yes",
        "appendfsync": "always" if (home / STRICT).exists() else "everysec",
        "maxmemory-policy": "noeviction",
    }
    lines = [f"{name} {_quoted(value)}\n" for name, value in settings.items() if value]
    return "".join([*lines, 'save ""\n'])


def _quoted(value: str) -> str:
    """One word of the configuration file, whatever bytes are in it."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"  # noqa: PLR2004 - printable ASCII
        for byte in os.fsencode(value)
    ).join('""')


def lock_data(home: Path) -> int:
    """Get the data folder for a new server, ending the one that a dead supervisor left behind.

    Returns:
        The descriptor of the locked file, for the server to inherit.

    Raises:
        TimeoutError: Another server uses the folder and does not end.
    """
    data = home / _DATA
    data.mkdir(mode=0o700, exist_ok=True)
    lock = open_lock(data / "lock")
    if try_lock(lock):
        return lock
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_previous(home, number)
        deadline = time.monotonic() + _END
        while time.monotonic() < deadline:
            if try_lock(lock):
                return lock
            time.sleep(0.02)
    os.close(lock)
    raise TimeoutError(f"another server uses {data} and does not end")


def remove_configuration(home: Path) -> None:
    """Remove what only a running server needs."""
    for name in (STRICT, _CONFIG, _PID):
        (home / name).unlink(missing_ok=True)


def _signal_previous(home: Path, number: signal.Signals) -> None:
    try:
        pid = int((home / _PID).read_bytes())  # the server writes it
        if _is_server(pid, home):
            _log.warning("ending the server %d that a dead supervisor left", pid)
            os.kill(pid, number)
    except (OSError, ValueError):
        return  # it has ended by itself


def _is_server(pid: int, home: Path) -> bool:
    """Whether a process is a server of this folder: the numbers of processes are used again."""
    if sys.platform == "linux":
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    else:
        ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(ps, capture_output=True, check=False).stdout  # noqa: S603 - a number
    return os.fsencode(home / _CONFIG) in command
