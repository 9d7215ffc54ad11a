"""A condition with its parts, each with what a version has there."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.subscribing.explaining import Part
from raincheck.subscribing.waits import Wait
from raincheck_workers.cli.rendering.words import left, one_line

_LONGEST = 60  # characters of a value


def condition_tree(part: Part, level: int = 0) -> RenderableType:
    """A line for each part, those of a part below it.

    Args:
        part: the root.
        level: of it, from the left.
    """
    lines = _lines(part, level)
    return Group(*(Padding(text, (0, 0, 0, 2 * at), expand=False) for at, text in lines))


def _lines(part: Part, level: int) -> Iterator[tuple[int, Text]]:
    line = Text(one_line(part.words))
    if part.value is not None:
        value = one_line(part.value)
        line.append(": " + (value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}..."))
    if part.holds is not None:
        line.append(", " if part.value is not None else ": ")
        line.append("yes" if part.holds else "no", style="green" if part.holds else "red")
    yield level, line
    for inner in part.parts:
        yield from _lines(inner, level + 1)


def wait_line(wait: Wait) -> Text:
    """What is waited for, and how long it still takes."""
    line = Text(one_line(wait.text))
    return line if wait.until is None else line.append(f" ({left(wait.until)} left)", style="dim")
