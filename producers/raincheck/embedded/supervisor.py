"""The process that runs the server of a home folder until nobody uses it."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

from raincheck.embedded.address import (
    Address,
    Record,
    choose_address,
    remove_record,
    write_record,
)
from raincheck.embedded.data import lock_data, remove_configuration, write_configuration
from raincheck.embedded.locks import USERS_LOCK, is_at, open_lock, try_lock

_POLL: Final = 0.2  # seconds
_STARTS: Final = 3  # of a server that never answers, then the supervisor gives up
_STEADY: Final = 1.0  # seconds that a server must have lived to be restarted without a pause
_LONGEST_PAUSE: Final = 5.0  # seconds between restarts of a server that keeps ending
_END: Final = 10.0  # seconds that the server has to end by itself before it is killed

_log = logging.getLogger("raincheck.embedded")


class Supervisor:
    """Runs the server of a home folder, again and again, until nobody uses it."""

    def __init__(self, home: Path, binary: Path) -> None:
        self._home = home
        self._binary = binary
        self._users = open_lock(home / USERS_LOCK)
        self._server: subprocess.Popen[bytes] | None = None
        self._answered = False
        self._stopped = False

    def run(self) -> int:
        """Run servers until nobody is left.

        Returns:
            The exit status: 1 if no server ever answered.

        Raises:
            OSError: The first server could not be started.
        """
        starts = early_ends = 0
        while self._answered or starts < _STARTS:
            starts += 1
            started = time.monotonic()
            if not self._serve():
                return 0
            early_ends = 0 if time.monotonic() - started > _STEADY else early_ends + 1
            pause = min(_LONGEST_PAUSE, _POLL * 2.0 ** (early_ends - 2)) if early_ends else 0.0
            if not self._wait(pause):
                return 0
        _log.error("the server never answered: given up")
        return 1

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Let `run` return soon, as if nobody were left."""
        self._stopped = True

    def end(self) -> None:
        """End the server, saving its data, and remove the files that describe it."""
        server = self._server
        if not is_at(self._users, self._home / USERS_LOCK):
            # The folder was removed or moved. A server that ends by itself removes its socket
            # by path: it could be that of a new server in a new folder.
            if server is not None:
                server.kill()
            return
        remove_record(self._home)
        if server is None:
            return
        server.terminate()
        try:
            server.wait(_END)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        remove_configuration(self._home)

    def _serve(self) -> bool:
        """One life of a server; false if nobody is left."""
        try:
            address = self._start()
        except OSError as error:
            if not self._answered:
                raise
            # A full disk, say. Who used the server before waits for it at its address.
            _log.warning("the server cannot be started again: %s", error)
            return True
        return self._watch(address)

    def _start(self) -> Address:
        lock = lock_data(self._home)
        try:
            address = choose_address(self._home)
            config = write_configuration(self._home, address)
            self._server = subprocess.Popen(  # noqa: S603 - no shell, the program that was found
                [self._binary, config], stdin=subprocess.DEVNULL, pass_fds=(lock,)
            )
        finally:
            os.close(lock)  # from here on the server alone holds it
        try:
            write_record(self._home, Record(address.url, self._server.pid, os.getpid()))
        except OSError:
            self._server.kill()  # the next one needs its data
            self._server.wait()
            raise
        return address

    def _watch(self, address: Address) -> bool:
        """Wait until the server ends (true) or nobody is left (false)."""
        server = self._server
        while server is not None and server.poll() is None:
            if self._unused():
                return False
            self._answered = self._answered or address.answers()
            time.sleep(_POLL)
        _log.warning("the server ended, status %s", server and server.returncode)
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait before a restart; false if nobody is left."""
        deadline = time.monotonic() + seconds
        while not self._unused():
            if time.monotonic() >= deadline:
                return True
            time.sleep(_POLL / 4)
        return False

    def _unused(self) -> bool:
        """Whether nobody is left. The lock, once got, is kept to the end: newcomers wait for it."""
        gone = not is_at(self._users, self._home / USERS_LOCK)
        return self._stopped or gone or try_lock(self._users)


def supervise(home: Path, binary: Path) -> int:
    """Go into the background and run the server of a home folder.

    Args:
        home: The home folder, absolute.
        binary: The server program.

    Returns:
        The exit status.
    """
    if os.fork():  # nobody's child: whoever started it need not wait for its end
        return 0
    os.umask(0o077)
    os.putenv("LC_ALL", "C")  # Redis >= 7.2 does not start under a locale that is not installed
    supervisor = Supervisor(home, binary)
    signal.signal(signal.SIGTERM, supervisor.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        return supervisor.run()
    finally:
        supervisor.end()


def main() -> int:
    """Supervise the home folder that the first argument names with the program of the second."""
    logging.basicConfig(format="%(process)d %(asctime)s %(message)s", level=logging.INFO)
    return supervise(Path(sys.argv[1]), Path(sys.argv[2]))
