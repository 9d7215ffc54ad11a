"""Reading what a subscription has matched and not started yet. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck.index.packing import FIELD


@dataclass(frozen=True, slots=True)
class PendingMatch:
    """An event that satisfied a condition and is in no run yet."""

    event: str
    kind: str
    artifact: str
    version: str
    at: int
    """Milliseconds since the epoch, by the server's clock: when the event was."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a subscription, and what it runs."""

    pending: tuple[PendingMatch, ...]
    """The oldest, of a subscription with one part."""
    count: int
    """How many they are in all."""
    joined: Mapping[int, PendingMatch]
    """By part of an `all_of`, counted from 1: its newest match."""
    live: tuple[str, ...]
    """Runs that have not ended, oldest first."""
    marked: bool
    """Whether an event was just written that it is about to look at."""
    generation: str
    """Second part of the ids of its runs."""


class MatchRecords:
    """The matches of subscriptions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lane(self, name: str, most: int = 256) -> Lane:
        """What waits in a subscription and what it runs, in one round trip.

        Args:
            name: of the subscription; of an unknown one nothing waits.
            most: pending matches that are read.
        """
        prefix = self._connection.prefix
        pending, count, joined, live, marked, generation = self._connection.ask(
            [
                ("LRANGE", f"{prefix}pend:{name}", 0, most - 1),
                ("LLEN", f"{prefix}pend:{name}"),
                ("HGETALL", f"{prefix}join:{name}"),
                ("ZRANGE", f"{prefix}live:{name}", 0, -1),
                ("ZSCORE", f"{prefix}dirty", f"s|{name}"),
                ("HGET", f"{prefix}sub:{name}", "gen"),
            ]
        )
        return Lane(
            tuple(_match(item) for item in pending),
            int(count),
            {slot: _match(item) for slot, item in sorted(_slots(joined))},
            tuple(text(run) for run in live),
            marked is not None,
            text(generation),
        )


def _slots(reply: Any) -> list[tuple[int, bytes]]:
    if isinstance(reply, Sequence):  # without the client's own reading of replies
        reply = dict(zip(reply[::2], reply[1::2], strict=True))
    return [(int(slot), item) for slot, item in reply.items()]


def _match(packed: bytes) -> PendingMatch:
    event, kind, artifact, version, _, _, at = text(packed).split(FIELD)
    return PendingMatch(event, kind, artifact, version, int(at))
