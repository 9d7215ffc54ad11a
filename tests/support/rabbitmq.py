"""A RabbitMQ server of the tests' own: its node, ports and folder; nothing of the system's."""

import os
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kombu import Connection
from kombu.exceptions import OperationalError

from raincheck.messaging.broker import DEFAULT_QUEUE
from tests.support.commands import environment
from tests.support.odd_servers import free_port
from tests.support.programs import program
from tests.support.waiting import wait_until

#: Seconds for Erlang to start on a busy machine.
START_TIME = 50.0
# Debian's script beside the one on PATH changes to another user and to the system's folder.
_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@dataclass
class RabbitServer:
    """A server that can be killed and frozen."""

    folder: Path
    port: int
    epmd_port: int
    dist_port: int
    node: str
    processes: "list[subprocess.Popen[bytes]]" = field(
        default_factory=list["subprocess.Popen[bytes]"]
    )

    def url(self) -> str:
        """Its address, for Celery."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def purge(self) -> None:
        """Remove what other tests have left: namespaces share the queues of a virtual host."""
        with Connection(self.url()) as connection:
            channel: Any = connection.default_channel
            channel.queue_declare(DEFAULT_QUEUE, durable=True, auto_delete=False)
            channel.queue_purge(DEFAULT_QUEUE)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        epmd = [program("epmd"), "-address", "127.0.0.1", "-port", str(self.epmd_port)]
        if not self.processes:
            self.processes.append(
                subprocess.Popen(epmd, env=self._environment(), stderr=subprocess.DEVNULL)
            )
            wait_until(lambda: _listens(self.epmd_port), START_TIME)
        script = str(_SCRIPT) if _SCRIPT.exists() else program("rabbitmq-server")
        with (self.folder / "log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [script],
                    cwd=self.folder,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        wait_until(self.answers, START_TIME)

    def answers(self) -> bool:
        """Whether it takes a client."""
        with (
            suppress(OSError, OperationalError),
            Connection(self.url(), connect_timeout=2) as connection,
        ):
            connection.connect()
            return True
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and the processes that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.processes[-1].pid, number)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self.signal(signal.SIGKILL)
        self.processes[-1].wait()
        wait_until(lambda: not _listens(self.port), START_TIME)

    def stop(self) -> None:
        """End it and what was started for it."""
        if len(self.processes) > 1:
            self.kill()
        if self.processes:
            self.processes[0].kill()
            self.processes[0].wait()

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        node = {
            "HOME": folder,  # of the Erlang cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": folder,
            "RABBITMQ_MNESIA_DIR": f"{folder}/data",
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none.env",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_ALLOW_INPUT": "",
            # Its schedulers do not spin: the machine is small.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +S 1"
            ),
        }
        return environment(**node)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def rabbit_server() -> Generator[RabbitServer]:
    """A running server."""
    program("rabbitmq-server")
    with tempfile.TemporaryDirectory(prefix="rc-", dir="/tmp") as folder:
        (Path(folder) / "plugins").write_text("[].\n")
        node = f"rc{secrets.token_hex(3)}@localhost"
        server = RabbitServer(Path(folder), free_port(), free_port(), free_port(), node)
        try:
            server.start()
            yield server
        finally:
            server.stop()
