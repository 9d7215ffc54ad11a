"""Which versions pruning deletes: the rule, and the versions that are put to it.

A version goes when every condition that was given lets it go and nothing keeps it. What keeps
versions is a list of functions; whatever else holds on to versions adds one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from raincheck.index import Index
from raincheck.index.listing_scripts import Place, VersionListing
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.deletions import PruneEntry

# Versions that are judged together.
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRule:
    """What may go, and what stays in any case."""

    keep: int | None = None
    """The newest so many of each artifact stay."""
    older_than: float | None = None
    """Seconds; younger ones stay."""
    unused: bool = False
    """What a step that succeeded had bound stays."""
    keep_tags: tuple[str, ...] = ()
    """What has one of these stays."""


@dataclass(slots=True)
class _Page:
    """Versions of one artifact that are judged together, with what is known of them."""

    index: Index
    rule: PruneRule
    versions: Sequence[ArtifactVersion]
    newer: int
    """Versions that are newer than the first of these."""
    now: int
    aliases: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    unused: set[str] = field(default_factory=set[str])
    linked: Mapping[str, str] = field(default_factory=dict[str, str])


def _by_aliases(page: _Page, _place: int, version: ArtifactVersion) -> str | None:
    names = page.aliases.get(version.version)
    return f"alias {', '.join(names)}" if names else None


def _by_models(page: _Page, _place: int, version: ArtifactVersion) -> str | None:
    models = page.linked.get(f"{version.artifact}@{version.version}")
    return f"model {models.replace(' ', ', ')}" if models else None


def _by_tags(page: _Page, _place: int, version: ArtifactVersion) -> str | None:
    tags = [tag for tag in version.tags if tag in page.rule.keep_tags]
    return f"tag {', '.join(tags)}" if tags else None


def _by_number(page: _Page, place: int, _version: ArtifactVersion) -> str | None:
    keep = page.rule.keep
    return f"one of the newest {keep}" if keep is not None and page.newer - place < keep else None


def _by_age(page: _Page, _place: int, version: ArtifactVersion) -> str | None:
    age = page.rule.older_than
    young = age is not None and page.now - version.published_at < age * 1000
    return "not old enough" if young else None


def _by_use(page: _Page, _place: int, version: ArtifactVersion) -> str | None:
    name = f"{version.artifact}@{version.version}"
    return "used" if page.rule.unused and name not in page.unused else None


#: What keeps a version: each says why, or None.
KEEPERS: tuple[Callable[[_Page, int, ArtifactVersion], str | None], ...] = (
    _by_aliases,
    _by_models,
    _by_tags,
    _by_number,
    _by_age,
    _by_use,
)


def judged(index: Index, artifact: str, rule: PruneRule) -> Iterator[tuple[PruneEntry, bool]]:
    """The versions of an artifact, oldest first, and whether each goes.

    They are read in pages while they are asked for, so those that came before may be deleted
    meanwhile.

    Args:
        index: where they are.
        artifact: of which they are versions.
        rule: which of them go.
    """
    listing = VersionListing(artifact=artifact, order="oldest")
    newer = index.records.version_count(artifact) - 1
    place: Place | None = None
    more = True
    while more:
        found = index.listing.page(listing, place, _PAGE)
        place, more = found.place, found.more
        page = _Page(index, rule, found.versions, newer, index.deletions.now())
        page.aliases = _aliases(index, artifact)
        names = [f"{artifact}@{version.version}" for version in found.versions]
        page.linked = index.deletions.linked(names)
        if rule.unused:
            page.unused = index.deletions.unused(names)
        for at, version in enumerate(found.versions):
            kept = next((why for keeps in KEEPERS if (why := keeps(page, at, version))), None)
            yield _entry(version, kept or _goes(rule)), kept is None
        newer -= len(found.versions)


def _aliases(index: Index, artifact: str) -> dict[str, list[str]]:
    by_version: dict[str, list[str]] = {}
    for alias, version in index.records.aliases(artifact).items():
        by_version.setdefault(version, []).append(alias)
    return by_version


def _goes(rule: PruneRule) -> str:
    words = (
        rule.keep is not None and f"not one of the newest {rule.keep}",
        rule.older_than is not None and "old enough",
        rule.unused and "not used",
    )
    return ", ".join(word for word in words if word)


def _entry(version: ArtifactVersion, why: str) -> PruneEntry:
    return PruneEntry(
        artifact=version.artifact,
        version=version.version,
        published_at=version.published_at,
        size=version.record.manifest.size,
        why=why,
    )
