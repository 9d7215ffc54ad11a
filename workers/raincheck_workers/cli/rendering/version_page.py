"""One version of an artifact in full."""

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_workers.cli.rendering.words import ago, size, value

_LONGEST_METADATA = 400  # characters of one entry


def version_page(version: ArtifactVersion, pointed: tuple[str, JsonValue] | None = None) -> Table:
    """Everything about a version.

    Args:
        version: as recorded.
        pointed: a pointer into its metadata and what it finds, shown first.
    """
    record = version.record
    rows: list[tuple[str, str]] = [("version", version.shown)]
    if pointed is not None:
        rows.append((pointed[0], value(pointed[1], _LONGEST_METADATA)))
    moment = datetime.fromtimestamp(version.published_at / 1000, UTC)
    rows += [
        ("published", f"{ago(version.published_at)}, {moment:%Y-%m-%d %H:%M:%S} UTC"),
        ("revision", str(version.revision)),
        ("type", record.manifest.type),
        ("size", size(record.manifest.size)),
        ("digest", record.digest),
        ("written by", record.manifest.materializer),
        ("tags", " ".join(version.tags)),
        ("run", record.run or ""),
        ("step", f"{record.step}, output {record.output!r}" if record.step else ""),
        ("inputs", "\n".join(record.inputs)),
    ]
    rows += [
        (f"metadata {key}", value(entry, _LONGEST_METADATA))
        for key, entry in version.metadata.items()
    ]
    page = Table.grid(padding=(0, 2))
    page.add_column(style="bold", no_wrap=True)
    page.add_column(overflow="fold")
    for name, text in rows:
        if text:
            page.add_row(Text(name), Text(text))
    return page
