"""What a client lists."""

from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import Unpack

from raincheck.client.access import Access
from raincheck.client.cursors import read_cursor, write_cursor
from raincheck.client.listing_options import ListingOptions, listing_of
from raincheck.client.published import PublishedVersion
from raincheck.deployment import Deployment
from raincheck.index import Index
from raincheck.index.listing_scripts import VersionListing
from raincheck_contracts.errors import ArgumentError

#: Versions that one look may return: what a longer page or list is read in.
_PAGE = 100


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some versions of a list, and how it goes on."""

    versions: tuple[PublishedVersion, ...]
    next_cursor: str | None
    """Given as `after=`, the page that follows; None at the end. What follows may be empty:
    that something is left does not say that a filter lets it pass."""


class ArtifactListing(Access):
    """Lists of artifacts and their versions."""

    def list_artifact_versions(
        self,
        name: str,
        *,
        limit: int | None = None,
        after: str | None = None,
        **listing: Unpack[ListingOptions],
    ) -> Iterator[PublishedVersion]:
        """The versions of an artifact, newest first.

        They are read in pages while they are asked for. What is published meanwhile neither
        repeats nor hides a version that was there before.

        Args:
            name: the artifact.
            limit: at most so many; None is all.
            after: a cursor of `list_artifact_versions_page`, after which it begins.
            listing: filters and order: `tag=`, `where=` as in `get_artifact_version`,
                `pipeline=`, `run=`, `published_after=`, `published_before=`, `sort_by=` a
                metadata key with `order="min"` or `order="max"`; or `order="oldest"`.

        Raises:
            ArgumentError: an argument that cannot be meant.
            CursorError: the cursor is none, or one of another list.
        """
        asked = _checked(name, limit, listing)
        source = self.deployment.index.answering(asked.artifact)
        if after is not None:
            read_cursor(source.namespace, asked, after)
        return _versions(self.deployment, source, asked, limit, after)

    def list_artifact_versions_page(
        self,
        name: str,
        *,
        limit: int = 50,
        after: str | None = None,
        **listing: Unpack[ListingOptions],
    ) -> VersionPage:
        """One page of the versions of an artifact, and the cursor of the next.

        Args:
            name: the artifact.
            limit: versions of the page.
            after: the cursor that the page before gave; None is the first page.
            listing: filters and order, as in `list_artifact_versions`.

        Raises:
            ArgumentError: an argument that cannot be meant.
            CursorError: the cursor is none, or one of another list.
        """
        asked = _checked(name, limit, listing, 1)
        source = self.deployment.index.answering(asked.artifact)
        return read_page(self.deployment, source, asked, limit, after)

    def list_artifacts(
        self, prefix: str = "", *, after: str = "", limit: int | None = None
    ) -> list[str]:
        """The names of artifacts, in their order.

        Args:
            prefix: those that begin so.
            after: those that come after this name: the last one of the page before.
            limit: at most so many; None is all.
        """
        return self.deployment.index.overlay.artifact_names(prefix, after=after, limit=limit)


def read_page(
    deployment: Deployment, index: Index, listing: VersionListing, limit: int, after: str | None
) -> VersionPage:
    """One page of a list.

    Args:
        deployment: has the values.
        index: that answers for the artifact.
        listing: what is listed.
        limit: versions of the page.
        after: the cursor that the page before gave; None is the first page.

    Raises:
        CursorError: the cursor is none, or one of another list.
    """
    place = None if after is None else read_cursor(index.namespace, listing, after)
    versions, more = list[PublishedVersion](), True
    while more and len(versions) < limit:
        found = index.listing.page(listing, place, min(_PAGE, limit - len(versions)))
        versions += [PublishedVersion(record, deployment) for record in found.versions]
        place, more = found.place, found.more
    cursor = write_cursor(index.namespace, listing, place) if more and place else None
    return VersionPage(tuple(versions), cursor)


def _versions(
    deployment: Deployment,
    index: Index,
    listing: VersionListing,
    limit: int | None,
    after: str | None,
) -> Iterator[PublishedVersion]:
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = read_page(deployment, index, listing, size, after)
        yield from page.versions
        after = page.next_cursor
        if after is None:
            return
        left = None if left is None else left - len(page.versions)


def _checked(
    name: str, limit: int | None, options: ListingOptions, least: int = 0
) -> VersionListing:
    if limit is not None and limit < least:
        problem = f"limit={limit} is no number of versions"
        raise ArgumentError("list_artifact_versions", problem, f"Give {least} or more")
    return listing_of(name, **options)
