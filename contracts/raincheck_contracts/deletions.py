"""Deleted versions: what a deletion took away, what stays of a version, what pruning finds."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from raincheck_contracts._base import Contract
from raincheck_contracts.names import Digest, SeriesName, VersionName


class VersionDeleted(Contract):
    """That a version was deleted, as far as who asks for it is told."""

    version: VersionName
    at: int
    """Milliseconds since the epoch, by the server's clock."""
    by: str = ""
    """Who deleted it; empty when that was not said."""

    @override
    def __str__(self) -> str:
        """As a part of a sentence."""
        return f"version {self.version} {deleted_words(self.at, self.by)}"


class Tombstone(Contract):
    """What stays of a deleted version for ever."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    revision: Annotated[int, Field(ge=0)]
    """Index revision of its publication."""
    published_at: int
    """Milliseconds since the epoch, by the index server's clock."""
    digest: Digest
    deleted_revision: Annotated[int, Field(ge=0)]
    """Index revision of its deletion."""
    deleted_at: int
    by: str = ""
    """Who deleted it; empty when that was not said."""
    why: str = ""
    unlisted_users: int = 0
    """Older steps that had used it and were no longer listed."""

    @override
    def __str__(self) -> str:
        """One sentence for a person."""
        why = f": {self.why}" if self.why else ""
        name = f"{self.artifact}@{self.version}"
        return f"{name} {deleted_words(self.deleted_at, self.by)}{why}"


class Deletion(Contract):
    """What the deletion of a version took away."""

    artifact: SeriesName
    version: VersionName
    revision: Annotated[int, Field(ge=0)]
    """Of the index, after it."""
    deleted_at: int
    """Milliseconds since the epoch, by the index server's clock."""
    aliases: tuple[str, ...] = ()
    """That named it, and name nothing now."""
    models: tuple[str, ...] = ()
    """`model@version` of each to which it was linked, and is not now."""


class PruneEntry(Contract):
    """A version that pruning looked at."""

    artifact: SeriesName
    version: VersionName
    published_at: int
    """Milliseconds since the epoch, by the index server's clock."""
    size: int
    """Bytes of its value."""
    why: str
    """Why it goes, or stays."""


class Pruning(Contract):
    """What pruning deleted and kept; of a dry run what it would."""

    dry_run: bool
    goes: tuple[PruneEntry, ...]
    """Oldest first, one artifact after another."""
    stays: tuple[PruneEntry, ...]


def deleted_words(at: int, by: str) -> str:
    """When a version was deleted and by whom, as a part of a sentence.

    Args:
        at: milliseconds since the epoch.
        by: who did it; empty when that was not said.
    """
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"was deleted on {moment:%Y-%m-%d %H:%M} UTC{f' by {by}' if by else ''}"
