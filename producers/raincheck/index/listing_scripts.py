"""Lists of versions: what is listed, and the typed signature of the Lua function."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from raincheck.index.connection import Connection, text
from raincheck.index.packing import pack_terms
from raincheck.index.version_records import hash_of, read_version
from raincheck_contracts._base import Contract
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.names import MetadataKey, PipelineName, RunId, SeriesName, Tag
from raincheck_contracts.selectors import Condition, Operator

Order: TypeAlias = Literal["newest", "oldest", "min", "max"]

#: Candidates that one call may look at: 500 are about a millisecond of the server.
BUDGET = 500


class VersionListing(Contract):
    """Which versions of an artifact are listed, in which order."""

    artifact: SeriesName
    order: Order = "newest"
    """What comes first; `min` and `max` go with `sort_by`, whose equals come newest first."""
    sort_by: MetadataKey | None = None
    """Versions without a number under this key are not listed."""
    tag: Tag | None = None
    where: Annotated[tuple[Condition, ...], Field(max_length=8)] = ()
    pipeline: PipelineName | None = None
    run: RunId | None = None
    since: int | None = None
    """Published then or later; milliseconds since the epoch, by the index server's clock."""
    until: int | None = None
    """Published before then."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sort_by is not None and self.order not in {"min", "max"}:
            raise ValueError("sort_by= needs order='min' or order='max'")
        if self.sort_by is None and self.order in {"min", "max"}:
            raise ValueError(f"order={self.order!r} needs sort_by=, a metadata key")
        for item in self.where:
            number = isinstance(item.value, int | float) and not isinstance(item.value, bool)
            if item.op not in {Operator.EQ, Operator.EXISTS} and not number:
                raise ValueError(f"{item.key!r} is compared with {item.value!r}, no number")
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: after the version with this sequence, in its order."""

    sequence: int
    score: str = ""
    """The version's number under the key that the list is sorted by, exactly."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one look found."""

    versions: tuple[ArtifactVersion, ...]
    place: Place | None
    """After what was looked at last; None when there was nothing."""
    more: bool
    """Whether something was left to look at."""
    looked: int
    """Candidates that the server looked at."""


class ListingScripts:
    """list."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def look(
        self, listing: VersionListing, after: Place | None, most: int, budget: int = BUDGET
    ) -> Slice:
        """Up to so many versions after a place, all read at once; fewer when it takes long.

        Args:
            listing: what is listed.
            after: where the last look ended; None is the beginning.
            most: versions wanted.
            budget: candidates to look at.
        """
        looked, more, sequence, score, found = self._connection.read(
            "list",
            listing.artifact,
            listing.order,
            listing.sort_by or "",
            "" if after is None else after.sequence,
            "" if after is None else after.score,
            most,
            budget,
            listing.tag or "",
            listing.pipeline or "",
            listing.run or "",
            "" if listing.since is None else listing.since,
            "" if listing.until is None else listing.until,
            pack_terms(listing.where),
        )
        versions = (
            read_version(listing.artifact, text(name), hash_of(fields), self._connection.foreign)
            for name, *fields in found
        )
        place = Place(int(sequence), text(score)) if text(sequence) else None
        return Slice(tuple(versions), place, text(more) == "1", int(looked))

    def page(self, listing: VersionListing, after: Place | None, size: int) -> Slice:
        """A whole page: looks until it is full or nothing is left.

        Args:
            listing: what is listed.
            after: where the last page ended; None is the beginning.
            size: versions of the page.
        """
        found, looked, more = list[ArtifactVersion](), 0, True
        while more and len(found) < size:
            seen = self.look(listing, after, size - len(found))
            found += seen.versions
            after, more, looked = seen.place, seen.more, looked + seen.looked
        return Slice(tuple(found), after, more, looked)
