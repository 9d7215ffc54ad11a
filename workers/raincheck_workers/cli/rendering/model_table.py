"""Models as a table."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from raincheck.index.records import ArtifactSummary
from raincheck_contracts.names import MODEL_PREFIX
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs


def model_document(model: ArtifactSummary) -> dict[str, Any]:
    """A model as JSON."""
    newest = None if model.newest is None else model.newest.model_dump(mode="json")
    return {
        "model": model.artifact.removeprefix(MODEL_PREFIX),
        "versions": model.versions,
        "newest": newest,
        "stages": dict(model.aliases),
    }


def model_table(models: Sequence[ArtifactSummary]) -> Table:
    """A line per model."""
    table = plain_table("model", "versions", "newest", "made", "metadata", "stages")
    for model in models:
        newest = model.newest
        table.add_row(
            model.artifact.removeprefix(MODEL_PREFIX),
            str(model.versions),
            "" if newest is None else newest.version,
            "" if newest is None else ago(newest.published_at),
            Text("" if newest is None else pairs(newest.metadata)),
            " ".join(f"{stage}->{version}" for stage, version in model.aliases.items()),
        )
    return table
