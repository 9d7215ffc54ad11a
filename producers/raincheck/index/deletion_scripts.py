"""Typed signature of the Lua function that deletes a version; what stays of deleted versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from raincheck.index.alias_scripts import Mover
from raincheck.index.connection import Connection, text
from raincheck.index.packing import FIELD
from raincheck.index.refused_writes import refused_write
from raincheck.index.version_records import hash_of, read_version, version_hashes
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.deletions import Deletion, Tombstone
from raincheck_contracts.errors import VersionDeletedError


@dataclass(frozen=True, slots=True)
class Deleted:
    """A version was deleted."""

    deletion: Deletion
    dirty: bool
    """Whether steps that it concerns are to be woken."""


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version as whoever was given it may read it."""

    version: ArtifactVersion
    inline: bytes | None
    """The value's bytes when the index keeps them."""


class DeletionScripts:
    """delete_version; reading what it leaves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def delete(
        self, request: str, artifact: str, version: str, *, force: bool = False, mover: Mover
    ) -> Deleted:
        """Delete a version; those that are bound to it still read it for 24 hours.

        Args:
            request: id of this wish; the same id deletes once, for 24 hours.
            artifact: name of the artifact.
            version: of it.
            force: take it from the aliases that name it, and from models, too.
            mover: who does it, and why.

        Raises:
            ReferenceNotFoundError: no such version.
            VersionDeletedError: it was deleted before.
            VersionAliasedError: aliases name it, and it is not by force.
            VersionLinkedError: it belongs to models, and it is not by force.
            AliasGuardedError: somebody else must move one of them.
            InvalidWriteError: a text is too long.
        """
        wish = (request, artifact, version, "1" if force else "", mover.by, mover.why, mover.run)
        looked = ("", "")
        while True:
            code, *found = map(text, self._connection.call("delete_version", *wish, *looked))
            if code != "LOOK":
                break
            looked = (found[0], found[1])
        if code != "DONE":
            raise refused_write([code, *found])
        name, revision, dirty, at, aliases, models = found
        self._connection.seen(int(revision))
        deletion = Deletion(
            artifact=artifact,
            version=name,
            revision=int(revision),
            deleted_at=int(at),
            aliases=tuple(aliases.split()),
            models=tuple(models.split()),
        )
        return Deleted(deletion, dirty == "1")

    def tombstones(self, names: Sequence[str]) -> dict[str, Tombstone]:
        """What stays of deleted versions, by `artifact@version`.

        Args:
            names: of versions; those that are not deleted are left out.
        """
        split = [name.partition("@") for name in names]
        prefix = self._connection.prefix
        asked = [("HGET", f"{prefix}gone:{artifact}", version) for artifact, _, version in split]
        found = self._connection.ask(asked) if asked else []
        return {
            name: _tombstone(artifact, version, text(packed))
            for name, (artifact, _, version), packed in zip(names, split, found, strict=True)
            if packed is not None
        }

    def held(self, artifact: str, version: str) -> HeldVersion | None:
        """A version for whoever was given it; also one that was deleted within 24 hours."""
        prefix = self._connection.prefix
        (record,) = version_hashes(self._connection, [(artifact, version)])
        inline, late = self._connection.ask(
            [
                ("HGET", f"{prefix}ver:{artifact}:{version}", "inline"),
                ("HGETALL", f"{prefix}late:{artifact}:{version}"),
            ]
        )
        deleted = hash_of(late)
        if deleted:
            return HeldVersion(read_version(artifact, version, deleted), deleted.get("inline"))
        return HeldVersion(read_version(artifact, version, record), inline) if record else None

    def linked(self, names: Sequence[str]) -> dict[str, str]:
        """Versions of models that versions are linked to, by `artifact@version`, in one text."""
        keys = [f"{self._connection.prefix}ver:{name.replace('@', ':', 1)}" for name in names]
        found = self._connection.ask([("HGET", key, "in") for key in keys]) if keys else []
        return {name: text(place) for name, place in zip(names, found, strict=True) if place}

    def check_there(
        self, artifact: str, version: str, *, cause: BaseException | None = None
    ) -> None:
        """Refuse a version that was deleted.

        Args:
            artifact: name of the artifact.
            version: of it.
            cause: what went wrong because of it.

        Raises:
            VersionDeletedError: says when, by whom and why.
        """
        name = f"{artifact}@{version}"
        stone = self.tombstones([name]).get(name)
        if stone is not None:
            raise VersionDeletedError(
                artifact, version, stone.deleted_at, stone.by, stone.why
            ) from cause

    def now(self) -> int:
        """The server's clock, milliseconds since the epoch."""
        seconds, microseconds = self._connection.ask([("TIME",)])[0]
        return int(seconds) * 1000 + int(microseconds) // 1000

    def unused(self, names: Sequence[str]) -> set[str]:
        """Those of some versions, `artifact@version`, that no step that succeeded had bound."""
        keys = [f"{self._connection.prefix}used:{name.replace('@', ':', 1)}" for name in names]
        used = self._connection.ask([("EXISTS", key) for key in keys]) if keys else []
        return {name for name, exists in zip(names, used, strict=True) if not exists}


def _tombstone(artifact: str, version: str, packed: str) -> Tombstone:
    sequence, revision, at, digest, deleted, deleted_at, by, why, unlisted = packed.split(FIELD)
    return Tombstone(
        artifact=artifact,
        version=version,
        sequence=int(sequence),
        revision=int(revision),
        published_at=int(at),
        digest=digest,
        deleted_revision=int(deleted),
        deleted_at=int(deleted_at),
        by=by,
        why=why,
        unlisted_users=int(unlisted),
    )
