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
    asked = [
        command
        for name in map(text, names)
        for command in (
            ("ZSCORE", nodes, name),
            ("HGET", f"{connection.prefix}node:{name}", "lease"),
        )
    ]
    answers = connection.ask(asked) if asked else []
    found = [
        NodeRecord(text(name), int(float(beat)), int(text(lease) or 0))
        for name, beat, lease in zip(names, answers[::2], answers[1::2], strict=True)
        if beat is not None  # it may leave between the two reads
    ]
    return int(text(tick) or 0), tuple(sorted(found, key=lambda node: node.node))
