"""Durations as people write them."""

import re
from datetime import timedelta

from raincheck_contracts.errors import SettingsError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_SHAPE = re.compile(r"^\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)?\s*$")

Duration = float | int | str | timedelta


def seconds_of(duration: Duration, *, setting: str = "wait") -> float:
    """A duration in seconds.

    Args:
        duration: seconds as a number, a timedelta, or text such as `90`, `90s`, `30m`,
            `1.5h`, `2d`, `250ms`.
        setting: what it is for, named in the error.

    Returns:
        Seconds, not negative.

    Raises:
        SettingsError: it is none of these.
    """
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        shape = _SHAPE.match(duration)
        if shape is None:
            problem = f"{duration!r} is no duration; write 90s, 30m, 1.5h, 2d or seconds"
            raise SettingsError(setting, problem)
        seconds = float(shape["number"]) * _UNITS[shape["unit"] or "s"]
    else:
        seconds = float(duration)
    if not 0 <= seconds < float("inf"):
        raise SettingsError(setting, f"{duration!r} is not between 0 and infinity")
    return seconds
