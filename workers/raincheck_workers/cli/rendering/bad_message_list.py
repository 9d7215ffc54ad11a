"""Messages that were put aside, each with the reason."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.index.bad_messages import BadMessage
from raincheck_workers.cli.rendering.words import ago, one_line


def bad_message_list(messages: Sequence[BadMessage]) -> RenderableType:
    """A line per message with the reason, and one with how it began."""
    return Group(*(line for message in messages for line in _lines(message)))


def _lines(message: BadMessage) -> Iterator[RenderableType]:
    place = f"queue {message.queue}" if message.queue else f"step {message.step}, run {message.run}"
    yield Text(ago(message.at), style="dim").append(
        f" {one_line(place)}: {one_line(message.reason)}", style="default not dim"
    )
    if message.excerpt:
        yield Padding(Text(one_line(message.excerpt), style="dim"), (0, 0, 0, 2), expand=False)
