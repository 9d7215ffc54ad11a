"""Text of unknown origin, made fit for a picture: its width, its cut, its characters."""

import re
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from raincheck_workers.cli.rendering.words import one_line

#: Pixels of one character cell in the small type of labels.
_CELL = 6.2
# What XML 1.0 does not allow, or advises against; an error may hold any character.
_NO_XML = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What turns the order of the characters after it: a value could pass for another.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# Widths in the widest of the usual fonts, as a part of its size: text that is thought to fit
# does so in every one.
_WIDTHS = {"ijl|!.,:;' ": 0.46, 'frt()[]{}/-"': 0.53, "_scz": 0.6, "mMW@%": 1.11}
_WIDTH_OF = {char: width for chars, width in _WIDTHS.items() for char in chars}
_LOWER, _UPPER, _OTHER, _DOUBLE = 0.72, 0.86, 0.95, 1.3
_PLAIN = 0.9  # of what bold letters take


def clean(text: str) -> str:
    """The text with a mark for each character that a picture cannot hold, or must not."""
    return _TURNS.sub("\ufffd", _NO_XML.sub("\ufffd", text))


def shortened(text: str, cells: int) -> str:
    """The text in one line, cut to a number of cells where it is longer."""
    text = one_line(text)
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def text_width(text: str) -> float:
    """About how many pixels a label takes."""
    return cell_len(text) * _CELL


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text in one line, its middle left out where it is too wide.

    The end of a name tells it from others as much as its beginning does.

    Args:
        text: any.
        width: pixels that there are.
        size: of the type, pixels.
        bold: whether it is.
    """
    text = one_line(text)
    widths = [_width(char) * size * (1 if bold else _PLAIN) for char in text]
    if sum(widths) <= width:
        return text
    room = (width - _OTHER * size) / 2
    head, tail = _count(widths, room), _count(widths[::-1], room)
    return f"{text[:head].rstrip()}…{text[len(text) - tail :].lstrip()}"


def _count(widths: list[float], room: float) -> int:
    """How many of the first fit."""
    for count, width in enumerate(widths):
        room -= width
        if room < 0:
            return count
    return len(widths)


@lru_cache(maxsize=1_024)
def _width(char: str) -> float:
    if char in _WIDTH_OF:
        return _WIDTH_OF[char]
    if not char.isascii():
        return _DOUBLE if cell_len(char) > 1 else _OTHER
    return _UPPER if char.isupper() or char in "w&+=<>#^~" else _LOWER
