"""A server process of a scenario's own, which is killed, restarted and looked into."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from raincheck.embedded.binary import find_binary
from tests.support.odd_servers import free_port
from tests.support.waiting import wait_until

#: Seconds for a server to load its data and to answer, on a busy machine.
START_TIME = 20.0


@dataclass
class ChaosServer:
    """One server with an append-only file, on a port of its own that stays over restarts.

    Args:
        folder: for its configuration, log and data.
        appendfsync: `always` or `everysec`.
        launcher: a program that becomes the server, strace say, with its options.
        environment: of the server process; those of a `FakeClock`, say.
        data: folder of the data, when it is not that of the rest.
    """

    folder: Path
    appendfsync: str = "always"
    launcher: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    data: Path | None = None
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """For index and broker."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Of the server process now."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process has ended, by itself or not."""
        return self._process is None or self._process.poll() is not None

    @property
    def data_folder(self) -> Path:
        """Where the append-only file is."""
        return self.data or self.folder / "data"

    @property
    def log(self) -> str:
        """What all processes so far have said."""
        return (self.folder / "server.log").read_text(errors="replace")

    def launch(self) -> None:
        """Start a process on the data that is there, and return at once."""
        binary = find_binary()
        assert binary is not None
        self.data_folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.conf"
        config.write_text(self._configuration())
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.launcher, str(binary), str(config)],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> float:
        """Start a process and wait until it answers.

        Returns:
            The seconds that this took.
        """
        began = time.monotonic()
        self.launch()
        wait_until(self._up, START_TIME)
        return time.monotonic() - began

    def kill(self) -> None:
        """End it as the kernel does, without a word; its memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()

    def ask(self, *command: str | int) -> object:
        """Send one command, over a connection of its own.

        Raises:
            RedisError: it does not answer, or refuses.
        """
        # A named retry: the default asks ten times.
        with Redis(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
            return cast("object", client.execute_command(*command))

    def answers(self) -> bool:
        """Whether it takes commands: not yet while it loads."""
        try:
            return bool(self.ask("PING"))
        except RedisError:
            return False

    def _up(self) -> bool:
        assert not self.ended, self.log
        return self.answers()

    def _configuration(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.data_folder),
            "save": '""',
            "appendonly": "yes",
            "appendfsync": self.appendfsync,
            # The file only grows, so a place in it means the same for a whole scenario.
            "auto-aof-rewrite-percentage": "0",
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def append_only_file(server: ChaosServer) -> Path:
    """The file that the server appends to."""
    return server.data_folder / "appendonlydir" / "appendonly.aof.1.incr.aof"
