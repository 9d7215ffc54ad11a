"""The namespaces of a server: which there are, and getting rid of one."""

from collections.abc import Iterator
from dataclasses import dataclass

from raincheck.index.connection import Connection, text
from raincheck_contracts.errors import ArgumentError

_PAGE = 1_000  # keys that one look passes over, or that are removed at once


@dataclass(frozen=True, slots=True)
class NamespaceFacts:
    """A namespace at a glance."""

    name: str
    revision: int
    artifacts: int
    live_runs: int
    fallback: str | None
    """The namespace that it reads where it has nothing."""


class Namespaces:
    """All namespaces of one server.

    Args:
        connection: to the server, in any namespace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[NamespaceFacts]:
        """Every namespace that was ever used, by name; looks at all keys of the server."""
        keys = self._keys("rc:{*}:index")
        names = sorted({key.removeprefix("rc:{").removesuffix("}:index") for key in keys})
        return [self._facts(name) for name in names]

    def _facts(self, name: str) -> NamespaceFacts:
        prefix = f"rc:{{{name}}}:"
        known, artifacts, live = self._connection.ask(
            [
                ("HMGET", f"{prefix}index", "revision", "fallback"),
                ("ZCARD", f"{prefix}arts"),
                ("ZCARD", f"{prefix}runs:live"),
            ]
        )
        revision, fallback = known
        return NamespaceFacts(
            name, int(revision or 0), int(artifacts), int(live), text(fallback) or None
        )

    def delete(self, name: str) -> int:
        """Remove all keys of a namespace, Celery's with them, in slices; blobs stay.

        One that was interrupted is still listed, and may be deleted again.

        Args:
            name: of the namespace.

        Returns:
            How many keys there were.

        Raises:
            ArgumentError: there is none of that name, or another one falls back to it.
        """
        known = {item.name: item for item in self.all()}
        if name not in known:
            problem = f"there is no namespace {name!r}"
            raise ArgumentError("namespaces delete", problem, f"There are {', '.join(known)}")
        above = [item.name for item in known.values() if item.fallback == name]
        if above:
            problem = f"{', '.join(above)} would have nothing to fall back to"
            raise ArgumentError("namespaces delete", problem, "Take their fall-back away first")
        prefix = f"rc:{{{name}}}:"
        count, page = 0, list[str]()
        for key in self._keys(f"{prefix}*"):
            if key != f"{prefix}index":  # by which it is listed: it goes last
                page.append(key)
            if len(page) == _PAGE:
                count += self._remove(page)
                page = []
        return count + self._remove(page) + self._remove([f"{prefix}index"])

    def _remove(self, keys: list[str]) -> int:
        return int(self._connection.ask([("UNLINK", *keys)])[0]) if keys else 0

    def _keys(self, pattern: str) -> Iterator[str]:
        cursor = "0"
        while True:
            command = ("SCAN", cursor, "MATCH", pattern, "COUNT", _PAGE)
            found, keys = self._connection.ask([command])[0]
            yield from map(text, keys)
            cursor = text(found) if isinstance(found, bytes) else str(found)
            if cursor == "0":
                return
