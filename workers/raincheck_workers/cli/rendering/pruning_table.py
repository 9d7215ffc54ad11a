"""What pruning takes and leaves, as a table."""

from collections import Counter

from rich.table import Table

from raincheck_contracts.deletions import PruneEntry, Pruning
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, size

# Rows of each kind; the line below the table has the numbers.
_SHOWN = 50


def pruning_table(pruning: Pruning) -> Table:
    """Versions that go, then those that stay, each with the reason."""
    table = plain_table("", "version", "published", "size", "why")
    for word, entries in (("goes", pruning.goes), ("stays", pruning.stays)):
        for entry in entries[:_SHOWN]:
            table.add_row(word, *_cells(entry))
        if len(entries) > _SHOWN:
            table.add_row(word, f"... {len(entries) - _SHOWN} more", "", "", "")
    return table


def pruning_words(pruning: Pruning) -> str:
    """How many go and how many stay, by their reasons."""
    reasons = Counter(_kind(entry.why) for entry in pruning.stays)
    stays = ", ".join(f"{count} {why}" for why, count in reasons.most_common())
    held = sum(entry.size for entry in pruning.goes)
    more = f": {stays}" if stays else ""
    return f"{len(pruning.goes)} go ({size(held)}), {len(pruning.stays)} stay{more}"


def _cells(entry: PruneEntry) -> tuple[str, ...]:
    name = f"{entry.artifact}@{entry.version}"
    return name, ago(entry.published_at), size(entry.size), entry.why


def _kind(why: str) -> str:
    word = why.partition(" ")[0]
    return f"with an {word}" if word == "alias" else f"with a {word}" if word == "tag" else why
