"""Typed signatures of the Lua functions about nodes and their liveness."""

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.replies import Beat, Message


class NodeScripts:
    """beat, tick, lost, reap, leave."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(
        self, node: str, lease_ticks: int, *, register: bool = False, drain: bool = False
    ) -> Beat:
        """Say that a node lives; learn which of its processes must end."""
        reply = self._connection.call(
            "beat", node, lease_ticks, "1" if register else "0", "1" if drain else "0"
        )
        if text(reply[0]) != "OK":
            return Beat(known=False, tick=int(reply[1]))
        running, kill = (
            tuple((text(member), int(pid)) for member, pid in group) for group in reply[2:4]
        )
        return Beat(known=True, tick=int(reply[1]), running=running, kill=kill)

    def tick(self, expected: int) -> int:
        """Advance the tick if it still is `expected`; its value now."""
        return int(self._connection.call("tick", expected))

    def lost(self, node: str, pid: int) -> tuple[Message, ...]:
        """A process of a node has died: its steps are queued again."""
        return replies.messages(self._connection.call("lost", node, pid))

    def reap(self) -> tuple[Message, ...]:
        """Queue again the steps of nodes that have been silent for their lease."""
        return replies.messages(self._connection.call("reap"))

    def leave(self, node: str) -> tuple[Message, ...]:
        """A node ends in good order."""
        return replies.messages(self._connection.call("leave", node))
