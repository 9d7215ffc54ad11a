"""The fall-back of a namespace: which it is, what it answers for, and what both have."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice

from raincheck.index.connection import Connection, text
from raincheck.index.elsewhere import Elsewhere
from raincheck.index.fallback_replies import check_fallback, check_no_cluster
from raincheck.index.records import ArtifactSummary, Records

_NAMES = 1_000  # of artifacts, in one page


class Overlay:
    """A namespace over its fall-back.

    Args:
        connection: to the server and namespace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fallback(self) -> str | None:
        """The namespace that is read where this one has nothing, or None."""
        key = f"{self._connection.prefix}index"
        return text(self._connection.ask([("HGET", key, "fallback")])[0]) or None

    def change(self, wanted: str | None) -> None:
        """Record another fall-back, for all processes; None takes it away.

        Steps that wait are looked at again by the sweepers.

        Raises:
            FallbackError: it is the namespace itself, or has a fall-back of its own, or the
                server is a cluster.
        """
        connection, name = self._connection, wanted or ""
        if wanted is not None:
            told = connection.probe([("INFO", "cluster")])[0]
            check_no_cluster(told, connection.namespace, wanted)
        reply = connection.call("fall_back", name, "change")
        check_fallback(connection.namespace, name, reply)

    def namespace_of(self, artifact: str) -> str | None:
        """The fall-back when it answers for an artifact; None when this namespace does."""
        fallback = self.fallback()
        return fallback if fallback and self._theirs(fallback, [artifact]) else None

    def artifact_names(
        self, prefix: str = "", *, after: str = "", limit: int | None = None
    ) -> list[str]:
        """Artifacts of both by name.

        Args:
            prefix: of their names.
            after: those whose names come later.
            limit: at most so many; None is all.
        """
        own, fallback = Records(self._connection), self.fallback()
        if fallback is None:
            return own.artifact_names(prefix, after=after, limit=limit)
        other = Records(Elsewhere(self._connection, fallback))
        both = (_names(records, prefix, after) for records in (own, other))
        return list(islice(_each_once(merge(*both)), limit))

    def artifacts(self, names: Sequence[str]) -> list[ArtifactSummary]:
        """Artifacts with their newest version, each of the namespace that answers for it.

        Args:
            names: which.
        """
        fallback = self.fallback()
        theirs = self._theirs(fallback, names) if fallback else set[str]()
        found = Records(self._connection).artifacts([name for name in names if name not in theirs])
        if fallback and theirs:
            found += Records(Elsewhere(self._connection, fallback)).artifacts(sorted(theirs))
        by_name = {summary.artifact: summary for summary in found}
        return [by_name[name] for name in names]

    def _theirs(self, fallback: str, names: Sequence[str]) -> set[str]:
        """Those that the fall-back answers for."""
        own, other = self._connection.prefix, Elsewhere(self._connection, fallback).prefix
        asked = [("EXISTS", f"{prefix}art:{name}") for name in names for prefix in (own, other)]
        answers = self._connection.ask(asked) if asked else []
        pairs = zip(names, answers[::2], answers[1::2], strict=True)
        return {name for name, here, there in pairs if there and not here}


def _names(records: Records, prefix: str, after: str) -> Iterator[str]:
    while True:
        page = records.artifact_names(prefix, after=after, limit=_NAMES)
        yield from page
        if len(page) < _NAMES:
            return
        after = page[-1]


def _each_once(names: Iterator[str]) -> Iterator[str]:
    last: str | None = None
    for name in names:
        if name != last:
            yield name
        last = name
