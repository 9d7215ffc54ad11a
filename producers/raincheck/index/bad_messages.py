"""The messages that were put aside: forged, malformed, or not ours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from raincheck.index.connection import Connection, text


@dataclass(frozen=True, slots=True)
class BadMessage:
    """A message that was not acted on."""

    at: int
    """Milliseconds since 1970, by the server's clock."""
    reason: str
    queue: str = ""
    excerpt: str = ""
    """Its beginning, printable."""
    run: str = ""
    """Of a body that was not the one submitted."""
    step: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class BadMessages:
    """The messages that were put aside in one namespace; the newest 10,000 are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._key = f"{connection.prefix}bad"

    def put(self, delivery: str, reason: str, *, queue: str, excerpt: str) -> None:
        """Put a message aside.

        Args:
            delivery: made once per delivery; the same delivery is written once.
            reason: why nothing is done with it.
            queue: where it came from.
            excerpt: its beginning, printable.
        """
        self._connection.call("quarantine", delivery, reason, queue, excerpt)

    def kept(self) -> int:
        """How many can be read."""
        return int(self._connection.ask([("XLEN", self._key)])[0])

    def newest(self, limit: int) -> list[BadMessage]:
        """The newest first."""
        reply = self._connection.ask([("XREVRANGE", self._key, "+", "-", "COUNT", limit)])[0]
        return [_read(text(entry_id), fields) for entry_id, fields in reply]


def _read(entry_id: str, fields: Any) -> BadMessage:
    pairs = fields.items() if isinstance(fields, Mapping) else zip(*[iter(fields)] * 2, strict=True)
    found = {text(name): text(value) for name, value in pairs}
    found.pop("delivery", None)
    return BadMessage(int(entry_id.partition("-")[0]), **found)
