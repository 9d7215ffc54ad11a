"""The moves of an alias as a table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from raincheck_contracts.aliases import AliasMove
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, one_line, value


def alias_history(moves: Sequence[AliasMove]) -> Table:
    """A line per move.

    Args:
        moves: of one alias, newest first; at least one.
    """
    title = f"{moves[0].artifact}:{moves[0].alias}"
    columns = ("revision", "when", "how", "from", "to", "compared", "by", "why")
    table = plain_table(*columns, title=title)
    for move in moves:
        table.add_row(
            str(move.revision),
            ago(move.at),
            move.how,
            move.replaced or "",
            move.to or "",
            Text(_compared(move)),
            Text(one_line(move.by)),
            Text(one_line(move.why)),
        )
    return table


def _compared(move: AliasMove) -> str:
    if move.metric is None:
        return ""
    if move.old is None:
        return f"{move.metric} {value(move.new)}"
    return f"{move.metric} {value(move.old)} -> {value(move.new)}"
