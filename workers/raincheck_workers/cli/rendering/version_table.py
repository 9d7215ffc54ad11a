"""Versions of one artifact as a table."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs, short_type, size, value


def version_table(
    versions: Sequence[ArtifactVersion], title: str, aliases: Mapping[str, str], key: str = ""
) -> Table:
    """A line per version.

    Args:
        versions: those shown, in their order.
        title: above them.
        aliases: alias -> version.
        key: of the metadata that they are sorted by; it has a column of its own.
    """
    columns = ("version", *((key,) if key else ()), "published", "type", "size")
    table = plain_table(*columns, "metadata", "tags", "aliases", title=title)
    for version in versions:
        manifest = version.record.manifest
        others = {name: item for name, item in version.metadata.items() if name != key}
        table.add_row(
            version.version,
            *((Text(value(version.metadata[key])),) if key else ()),
            ago(version.published_at),
            Text(short_type(manifest.type)),
            size(manifest.size),
            Text(pairs(others)),
            " ".join(version.tags),
            " ".join(alias for alias, named in aliases.items() if named == version.version),
        )
    return table
