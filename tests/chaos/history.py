"""What clients were told: the one side of every comparison."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client and what it was told."""

    client: str
    kind: str
    """`run` (accepted), `publication` (acknowledged) or `refused`."""
    name: str
    """Id of the run, `artifact@version`, or the error."""
    number: int
    """What the run was asked to return."""
    at: float
    """Monotonic seconds."""


class History:
    """The operations of all clients, in the order in which they were told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: list[Operation] = []

    def add(self, client: str, kind: str, name: str, number: int = 0) -> None:
        """Remember what a client was told."""
        operation = Operation(client, kind, name, number, time.monotonic())
        with self._lock:
            self._operations.append(operation)

    def of(self, kind: str) -> list[Operation]:
        """The operations of one kind."""
        with self._lock:
            return [item for item in self._operations if item.kind == kind]

    def dump(self, path: Path) -> None:
        """Write all as JSON lines, for whoever looks into a failure."""
        with self._lock:
            lines = [json.dumps(asdict(item)) for item in self._operations]
        path.write_text("\n".join([*lines, ""]))
