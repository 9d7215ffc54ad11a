"""Names like one that does not exist: what a person may have meant."""

import difflib
from collections.abc import Sequence


def near_names(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """At most three known names that are hardly different from a name, the nearest first."""
    return tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.8))


def did_you_mean(near: Sequence[str]) -> str:
    """The end of a sentence that offers near names; empty without any."""
    return f"; did you mean {' or '.join(near)}?" if near else ""
