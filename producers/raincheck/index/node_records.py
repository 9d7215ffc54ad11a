"""The nodes that are registered, and when each was last heard of."""

from dataclasses import dataclass

from raincheck.index.connection import Connection, text

#: Of the index's clock that no clock is compared with; see `11_nodes.lua`.
TICKS_PER_SECOND = 2


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One worker process group, as the index knows it."""

    node: str
    last_beat: int
    """The tick of it."""
    lease: int
    """Ticks of silence after which it is taken for dead."""


def read_nodes(connection: Connection) -> tuple[int, tuple[NodeRecord, ...]]:
    """Read the tick and the nodes, by name.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    nodes = f"{connection.prefix}nodes"
    tick, names = connection.ask(
        [("HGET", f"{connection.prefix}index", "tick"), ("ZRANGE", nodes, 0, -1)]
    )
    found: list[NodeRecord] = []
    for name in sorted(map(text, names)):
        beat, (lease,) = connection.ask(
            [("ZSCORE", nodes, name), ("HMGET", f"{connection.prefix}node:{name}", "lease")]
        )
        if beat is not None:  # it may leave between the two reads
            found.append(NodeRecord(name, int(float(beat)), int(text(lease) or 0)))
    return int(text(tick) or 0), tuple(found)
