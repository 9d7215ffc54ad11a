"""Versions of one artifact as a table."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs, short_type, size


def version_table(
    versions: Sequence[ArtifactVersion], count: int, aliases: Mapping[str, str]
) -> Table:
    """A line per version.

    Args:
        versions: those shown, newest first.
        count: of all versions of the artifact.
        aliases: alias -> version.
    """
    title = f"{versions[0].artifact}: the newest {len(versions)} of {count} versions"
    table = plain_table(
        "version", "published", "type", "size", "metadata", "tags", "aliases", title=title
    )
    for version in versions:
        manifest = version.record.manifest
        table.add_row(
            version.version,
            ago(version.published_at),
            Text(short_type(manifest.type)),
            size(manifest.size),
            Text(pairs(version.metadata)),
            " ".join(version.tags),
            " ".join(alias for alias, named in aliases.items() if named == version.version),
        )
    return table
