"""One version of a model in full."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from raincheck.client.model_version import ModelVersion
from raincheck_contracts.aliases import AliasMove
from raincheck_workers.cli.rendering.words import ago, one_line, value

_LONGEST_METADATA = 400  # characters of one entry


def document(version: ModelVersion, limit: int) -> dict[str, Any]:
    """A version of a model as JSON.

    Args:
        version: as recorded.
        limit: linked versions, runs and moves that are listed.
    """
    return {
        "model": version.name,
        "version": version.version,
        "stages": list(version.stages),
        "tags": list(version.tags),
        "metadata": version.record.metadata,
        "run": version.run,
        "members": [member.model_dump(mode="json") for member in version.members(limit)],
        "runs": list(version.runs[:limit]),
        "history": [move.model_dump(mode="json") for move in _moves(version, limit)],
    }


def model_page(version: ModelVersion, limit: int) -> Table:
    """Everything about a version of a model.

    Args:
        version: as recorded.
        limit: linked versions, runs and moves that are shown.
    """
    rows: list[tuple[str, str]] = [
        ("model", f"{version.name}@{version.version}"),
        ("stages", " ".join(version.stages)),
        ("made", f"{ago(version.record.published_at)}, by {version.run or 'hand'}"),
        ("tags", " ".join(version.tags)),
    ]
    rows += [
        (f"metadata {key}", value(entry, _LONGEST_METADATA))
        for key, entry in version.record.metadata.items()
    ]
    newest = {f"{name}@{found.version}" for name, found in version.artifacts.items()}
    members = version.members(limit)
    lines = [str(item) if str(item) in newest else f"{item} (older)" for item in members]
    rows += [
        ("artifacts", "\n".join(lines) or "none"),
        ("runs", "\n".join(version.runs[:limit])),
        ("history", "\n".join(map(_move, _moves(version, limit)))),
    ]
    page = Table.grid(padding=(0, 2))
    page.add_column(style="bold", no_wrap=True)
    page.add_column(overflow="fold")
    for name, text in rows:
        if text:
            page.add_row(Text(name), Text(text))
    return page


def _moves(version: ModelVersion, limit: int) -> list[AliasMove]:
    """The moves of all stages of the model into and out of this version, newest first."""
    stages: Iterable[str] = version.deployment.index.aliases.names(version.record.artifact)
    moves = [move for stage in stages for move in version.history(stage)]
    return sorted(moves, key=lambda move: -move.revision)[:limit]


def _move(move: AliasMove) -> str:
    if move.to is None:
        what = f"{move.replaced} out of {move.alias}"
    elif move.replaced is None:
        what = f"{move.to} into {move.alias}"
    else:
        what = f"{move.to} into {move.alias}, for {move.replaced}"
    by = f" by {one_line(move.by)}" if move.by else ""
    why = f": {one_line(move.why)}" if move.why else ""
    return f"{ago(move.at)}: {what}{by}{why}"
