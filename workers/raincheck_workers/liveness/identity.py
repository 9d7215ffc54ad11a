"""The identity of a worker process group, shared by its processes."""

import mmap
import os
import secrets
import socket
from collections.abc import Callable

from raincheck_workers.liveness.holdings import Holdings

_SIZE = 128


def host_name() -> str:
    """This host, as the ids of its nodes begin."""
    return socket.gethostname().split(".", maxsplit=1)[0][:40]


class NodeIdentity:
    """The node's id, in memory that forked children share with the main process.

    An id is used for one life: a node that was taken for dead goes on under a new one.

    Args:
        slot: as `Holdings` takes it.
    """

    def __init__(self, slot: Callable[[], int | None] | None = None) -> None:
        self.holdings = Holdings(slot)
        self._shared = mmap.mmap(-1, _SIZE)
        self.renew()

    def renew(self) -> str:
        """Take a new id; all processes of the node see it at once."""
        node = f"{host_name()}-{os.getpid()}-{secrets.token_hex(8)}"
        self._shared[:] = node.encode().ljust(_SIZE, b"\0")
        return node

    def current(self) -> str:
        """The id now."""
        return bytes(self._shared[:]).rstrip(b"\0").decode()
