"""Typed signatures of the Lua functions about nodes and their liveness."""

from typing import Literal

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.replies import Beat, Holding, Message


class NodeScripts:
    """beat, tick, lost, give_back, reap, leave."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(
        self, node: str, lease_ticks: int, *, register: bool = False, drain: bool = False
    ) -> Beat:
        """Say that a node lives; learn which of its processes must end."""
        reply = self._connection.call(
            "beat", node, lease_ticks, "1" if register else "0", "1" if drain else "0"
        )
        known, tick, revision, *steps = reply
        self._connection.seen(int(revision))
        if text(known) != "OK":
            return Beat(known=False, tick=int(tick))
        running = tuple(
            Holding(text(member), int(pid), text(fence)) for member, pid, fence in steps[0]
        )
        kill = tuple((text(member), int(pid)) for member, pid in steps[1])
        return Beat(known=True, tick=int(tick), running=running, kill=kill)

    def tick(self, expected: int) -> int:
        """Advance the tick if it still is `expected`; its value now."""
        return int(self._connection.call("tick", expected))

    def lost(self, node: str, pid: int, why: str = "") -> tuple[Message, ...]:
        """A process of a node has died: its steps are queued again.

        Args:
            node: whose process it was.
            pid: of the process.
            why: how it ended, for the report on a step that is given up.
        """
        return replies.messages(self._connection.call("lost", node, pid, why))

    def give_back(
        self, node: str, holding: Holding, why: Literal["lost", "ending"]
    ) -> tuple[Message, ...]:
        """An attempt that no process of the node goes on with: its step is queued again.

        Args:
            node: that the index believes to hold it.
            holding: as `beat` told it; nothing happens when it has ended since.
            why: `lost` counts towards the three after which a step is given up.
        """
        reply = self._connection.call("give_back", node, holding.member, holding.fence, why)
        return replies.messages(reply)

    def reap(self) -> tuple[Message, ...]:
        """Queue again the steps of nodes that have been silent for their lease."""
        return replies.messages(self._connection.call("reap"))

    def leave(self, node: str) -> tuple[Message, ...]:
        """A node ends in good order."""
        return replies.messages(self._connection.call("leave", node))
