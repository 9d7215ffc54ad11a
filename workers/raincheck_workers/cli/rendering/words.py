"""Times, sizes and values as a person reads them."""

import json
import time
from datetime import UTC, datetime

from raincheck_contracts._base import JsonValue

_LONGEST_VALUE = 40  # characters
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_WHOLE = 10  # from so many seconds or units on without a decimal
_KILO = 1_000


def span(seconds: float) -> str:
    """A length of time in its largest unit: `12 ms`, `3.4 s`, `5 min`, `2 h`, `3 d`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < _WHOLE:
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} d"


def passed(milliseconds: int) -> str:
    """The time since a moment, by this machine's clock."""
    return span(max(0.0, time.time() - milliseconds / 1000))


def ago(milliseconds: int) -> str:
    """How long ago a moment was."""
    return f"{passed(milliseconds)} ago"


def left(milliseconds: int) -> str:
    """How long it is until a moment, by this machine's clock."""
    seconds = milliseconds / 1000 - time.time()
    return span(seconds) if seconds > 0 else "none"


def took(started: int | None, ended: int | None) -> str:
    """The time between two moments; empty when one is not known."""
    if started is None or ended is None:
        return ""
    return span((ended - started) / 1000)


def size(count: int) -> str:
    """A number of bytes: `812 B`, `2.1 kB`, `34 MB`."""
    amount, units = float(count), ["kB", "MB", "GB", "TB"]
    if amount < _KILO:
        return f"{count} B"
    unit = ""
    while units and amount >= _KILO:
        amount, unit = amount / _KILO, units.pop(0)
    return f"{amount:.1f} {unit}" if amount < _WHOLE else f"{amount:.0f} {unit}"


def moment(milliseconds: int) -> str:
    """A moment by the clock of the index, to the second."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def value(given: JsonValue, longest: int = _LONGEST_VALUE) -> str:
    """A JSON value, floats to six figures, cut where it is long.

    What cannot be seen, or turns the order of what follows, is written as JSON's escape.
    """
    if isinstance(given, float):
        return f"{given:.6g}"
    text = json.dumps(given, ensure_ascii=False)[: longest + 1]
    if not text.isprintable():
        text = "".join(map(_seen, text))
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _seen(char: str) -> str:
    # These two join letters and the parts of emoji.
    return char if char.isprintable() or char in "\u200c\u200d" else json.dumps(char)[1:-1]


def pairs(given: dict[str, JsonValue]) -> str:
    """Parameters or metadata in one line: `alpha=0.1 seed=3`."""
    return " ".join(f"{name}={value(item)}" for name, item in given.items())


def short_type(name: str) -> str:
    """A recorded type without its module: `Ridge`."""
    return name.rpartition(".")[2]


def one_line(text: str) -> str:
    """Text of unknown origin in one line, without characters that a terminal obeys."""
    return "".join(char if char.isprintable() else " " for char in text)
