"""What led to a run."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.subscribing.causes import Link
from raincheck_workers.cli.rendering.words import one_line


def causes_page(links: Sequence[Link]) -> RenderableType:
    """A line for each run and event, each cause below what it caused."""
    return Group(
        *(Padding(Text(_line(link)), (0, 0, 0, 2 * link.level), expand=False) for link in links)
    )


def _line(link: Link) -> str:
    return one_line(f"<- {link.text}" if link.level else link.text)
