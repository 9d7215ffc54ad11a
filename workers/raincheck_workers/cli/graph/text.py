"""Text of unknown origin, made fit for a picture: its width, its cut, its characters."""

import re

from rich.cells import cell_len, set_cell_size

from raincheck_workers.cli.rendering.words import one_line

#: Pixels of one character cell in the small type of labels.
_CELL = 6.2
# What XML 1.0 does not allow, escaped or not; an error may hold any character.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text with a mark for each character that a picture cannot hold."""
    return _NO_XML.sub("\ufffd", text)


def shortened(text: str, cells: int) -> str:
    """The text in one line, cut to a number of cells where it is longer."""
    text = one_line(text)
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def text_width(text: str) -> float:
    """About how many pixels a label takes."""
    return cell_len(text) * _CELL
