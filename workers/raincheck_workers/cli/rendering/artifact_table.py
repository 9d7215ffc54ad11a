"""Artifacts as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """What is said of one artifact."""

    artifact: str
    versions: int
    newest: ArtifactVersion | None
    aliases: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        newest = None if self.newest is None else self.newest.model_dump(mode="json")
        return {
            "artifact": self.artifact,
            "versions": self.versions,
            "newest": newest,
            "aliases": dict(self.aliases),
        }


def artifact_table(lines: Sequence[ArtifactLine]) -> Table:
    """A line per artifact."""
    table = plain_table("artifact", "versions", "newest", "published", "metadata", "aliases")
    for line in lines:
        newest = line.newest
        table.add_row(
            line.artifact,
            str(line.versions),
            "" if newest is None else newest.version,
            "" if newest is None else ago(newest.published_at),
            Text("" if newest is None else pairs(newest.metadata)),
            " ".join(f"{alias}->{version}" for alias, version in line.aliases.items()),
        )
    return table
