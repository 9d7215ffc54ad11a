"""Reading what the index keeps of lineage; the form is told in `28_lineage.lua`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck.index.elsewhere import Elsewhere
from raincheck.index.packing import FIELD, ITEM
from raincheck.index.version_records import hash_of, read_version, version_hashes
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.version_text import split_version_text

# Records that one round trip reads: a version's may hold a mebibyte of metadata.
_PAGE = 50


@dataclass(frozen=True, slots=True)
class StepMade:
    """What is kept of a step run that had bound something."""

    key: str
    """`run/step@revision`."""
    pipeline: str
    ended_at: int
    revision: int
    """At which its references were bound."""
    bound: BoundReferences | None
    """None when the worker was one of an earlier release."""
    outputs: tuple[tuple[str, str], ...]
    """Output and `artifact@version`."""
    cached_from: str | None = None
    """`run/step` that computed the outputs, when they were taken from the cache."""


@dataclass(frozen=True, slots=True)
class Users:
    """The step runs that had bound a version and succeeded."""

    keys: tuple[str, ...]
    """Newest first."""
    more: bool
    """Whether more are listed than were asked for."""


class LineageRecords:
    """What lineage is read from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def versions(self, names: Sequence[str]) -> dict[str, tuple[ArtifactVersion, int]]:
        """Versions by `artifact@version`, each with how many users are no longer listed.

        One that the index does not have is left out. Those of a fall-back, `namespace/` before
        their names, are read there.
        """
        found: dict[str, tuple[ArtifactVersion, int]] = {}
        by_namespace: dict[str | None, list[str]] = {}
        for name in names:
            by_namespace.setdefault(split_version_text(name)[2], []).append(name)
        for namespace, some in by_namespace.items():
            connection = Elsewhere(self._connection, namespace) if namespace else self._connection
            pairs = [split_version_text(name)[:2] for name in some]
            for name, record in zip(some, version_hashes(connection, pairs), strict=True):
                if "rec" in record:
                    artifact, version, _ = split_version_text(name)
                    unlisted = 0 if namespace else int(record.get("unlisted", 0))
                    found[name] = read_version(artifact, version, record, namespace), unlisted
        return found

    def users(self, names: Sequence[str], limit: int) -> dict[str, Users]:
        """The newest users of versions, by `artifact@version`.

        Args:
            names: of the versions.
            limit: users of each.
        """
        replies = self._ask([("ZREVRANGE", self._key("used", name), 0, limit) for name in names])
        return {
            name: Users(tuple(text(member) for member in reply[:limit]), len(reply) > limit)
            for name, reply in zip(names, replies, strict=True)
        }

    def made(self, keys: Sequence[str]) -> dict[str, StepMade]:
        """What is kept of step runs, by their keys.

        Nothing is kept of those of an earlier release, nor of those that had bound nothing.
        """
        prefix = self._connection.prefix
        replies = self._ask([("HGETALL", f"{prefix}made:{key}") for key in keys])
        records = zip(keys, map(hash_of, replies), strict=True)
        return {key: _made(key, record) for key, record in records if record}

    def _key(self, kind: str, name: str) -> str:
        artifact, _, version = name.partition("@")
        return f"{self._connection.prefix}{kind}:{artifact}:{version}"

    def _ask(self, commands: Sequence[Sequence[str | int]]) -> list[Any]:
        replies: list[Any] = []
        for first in range(0, len(commands), _PAGE):
            replies += self._connection.ask(commands[first : first + _PAGE])
        return replies


def _made(key: str, record: dict[str, bytes]) -> StepMade:
    raw = record["bound"]
    outputs = [item.split(FIELD) for item in text(record["out"]).split(ITEM) if item]
    return StepMade(
        key=key,
        pipeline=text(record["pipeline"]),
        ended_at=int(record["at"]),
        revision=int(record["rev"]),
        bound=BoundReferences.model_validate_json(raw) if raw else None,
        outputs=tuple((name, f"{artifact}@{version}") for name, artifact, version in outputs),
        cached_from=text(record["cached"]) if "cached" in record else None,
    )
