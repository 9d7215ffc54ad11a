"""The one look of all tables."""

from rich import box
from rich.table import Table


def plain_table(*columns: str, title: str | None = None) -> Table:
    """An empty table: a line under the head, no other lines.

    Args:
        columns: their heads. The first, a name or an id, is left whole; in the others
            text that does not fit is folded, never cut.
        title: above the head.
    """
    table = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=position == 0)
    return table
