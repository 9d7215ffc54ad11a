"""Flower, beside the worker: whether it is installed, and where it listens."""

import socket
from importlib.util import find_spec

from raincheck_contracts.errors import ArgumentError

_HOST = "127.0.0.1"
_TRIED = 100  # ports


def flower_is_installed() -> bool:
    """Whether the extra `flower` is there."""
    return find_spec("flower") is not None


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on.

    Raises:
        ArgumentError: all that were tried are taken.
    """
    for port in range(first, min(first + _TRIED, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return port
    problem = f"no port from {first} on is free"
    raise ArgumentError("--flower-port", problem, "Name another one, or give --no-flower")


def flower_arguments(port: int) -> list[str]:
    """Flower's arguments for Celery's command."""
    return [
        "flower",
        f"--address={_HOST}",
        f"--port={port}",
        "--inspect_timeout=5000",  # milliseconds; with 1,000 the first look often finds nobody
        # The steps with their references and versions, in place of their ids.
        "--tasks_columns=name,state,args,kwargs,received,runtime,worker",
        "--logging=warning",
    ]


def flower_url(port: int) -> str:
    """Where a browser finds it."""
    return f"http://{_HOST}:{port}"
