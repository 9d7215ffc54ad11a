"""A client that loses every reply, so that every call is made twice."""

from collections.abc import Callable
from typing import Any, cast

from raincheck.index import Connection, Index
from raincheck.index.connection import Argument, Batch, Commands
from raincheck.index.library import PREFIX


class RepeatingClient:
    """Sends each function call twice, as redis-py does when a reply is lost.

    Args:
        client: to the server.
        between: told the function's name after the first and after the second time.
    """

    def __init__(self, client: Commands, between: Callable[[str], None]) -> None:
        self._client = client
        self._between = between

    def execute_command(self, *arguments: Argument) -> Any:
        """Send one command; the reply to its second time when it calls a function."""
        reply = self._client.execute_command(*arguments)
        if arguments[0] != "FCALL":
            return reply
        function = str(arguments[1]).removeprefix(PREFIX)
        self._between(function)
        reply = self._client.execute_command(*arguments)
        self._between(function)
        return reply

    def pipeline(self, *, transaction: bool) -> Batch:
        """As the client's: reads may be repeated at will."""
        return self._client.pipeline(transaction=transaction)

    def close(self) -> None:
        """Close the client."""
        self._client.close()


def losing_replies(index: Index, between: Callable[[str], None]) -> Index:
    """The same index through a connection that loses every reply of a function.

    Args:
        index: the plain one.
        between: told the function's name after the first and after the second time.
    """
    connection = index.connection
    client = cast("Commands", RepeatingClient(connection.client, between))
    return Index(Connection(connection.url, connection.namespace, client=client))
