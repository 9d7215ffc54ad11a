"""Reading another namespace over the connection of the own one; nothing is written there."""

from typing import Any

from typing_extensions import override

from raincheck.index.connection import Argument, Commands, Connection
from raincheck_contracts.errors import InvalidWriteError


class Elsewhere(Connection):
    """Another namespace of the same server, read only: it is not even opened.

    Args:
        own: the connection to use.
        namespace: to read.
    """

    def __init__(self, own: Connection, namespace: str) -> None:
        super().__init__(own.url, namespace)
        self.foreign = namespace
        self._own = own

    @property
    @override
    def client(self) -> Commands:
        """The client of the own namespace's connection."""
        return self._own.client

    @override
    def call(self, function: str, *arguments: Argument) -> Any:
        """Refuse: what may write is for the own namespace.

        Raises:
            InvalidWriteError: always.
        """
        raise InvalidWriteError(f"namespace {self.namespace!r} is only read: no {function} there")

    @override
    def seen(self, revision: int) -> None:
        """Nothing: its own users see to its revisions."""
