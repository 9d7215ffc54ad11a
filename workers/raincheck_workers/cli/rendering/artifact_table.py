"""Artifacts as a table."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from raincheck.index.records import ArtifactSummary
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs


def document(artifact: ArtifactSummary) -> dict[str, Any]:
    """An artifact as JSON."""
    newest = None if artifact.newest is None else artifact.newest.model_dump(mode="json")
    return {
        "artifact": artifact.artifact,
        **({"namespace": artifact.namespace} if artifact.namespace else {}),
        "versions": artifact.versions,
        "newest": newest,
        "aliases": dict(artifact.aliases),
    }


def artifact_table(artifacts: Sequence[ArtifactSummary]) -> Table:
    """A line per artifact."""
    table = plain_table("artifact", "versions", "newest", "published", "metadata", "aliases")
    for artifact in artifacts:
        newest = artifact.newest
        table.add_row(
            f"{artifact.namespace}/{artifact.artifact}"
            if artifact.namespace
            else artifact.artifact,
            str(artifact.versions),
            "" if newest is None else newest.version,
            "" if newest is None else ago(newest.published_at),
            Text("" if newest is None else pairs(newest.metadata)),
            " ".join(f"{alias}->{version}" for alias, version in artifact.aliases.items()),
        )
    return table
