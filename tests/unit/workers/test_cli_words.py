import time

import pytest

from raincheck_contracts._base import JsonValue
from raincheck_workers.cli.rendering import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 ms"),
        (0.012, "12 ms"),
        (3.44, "3.4 s"),
        (59.6, "60 s"),
        (119, "119 s"),
        (300, "5 min"),
        (3_600, "60 min"),
        (10_800, "3 h"),
        (259_200, "3 d"),
    ],
)
def test_a_span_is_told_in_one_unit(seconds: float, text: str) -> None:
    """A length of time has one unit and at most three figures or so."""
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (2_100, "2.1 kB"), (34_000_000, "34 MB"), (5 * 10**15, "5000 TB")],
)
def test_a_size_is_told_in_one_unit(count: int, text: str) -> None:
    """Bytes are told in thousands."""
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (3397.7625873, "3397.76"),
        (3, "3"),
        ("é", '"é"'),
        (None, "null"),
        ([1, "a"], '[1, "a"]'),
        ("x" * 50, '"' + "x" * 36 + "..."),
        ("a\u202e\x9b\x7f\ud800", '"a\\u202e\\u009b\\u007f\\ud800"'),
        ("\U0001f468\u200d\U0001f469", '"\U0001f468\u200d\U0001f469"'),
    ],
)
def test_a_value_is_short_json(given: JsonValue, text: str) -> None:
    """Values are JSON, floats rounded, long ones cut with a mark, what is unseen escaped."""
    assert words.value(given) == text


def test_times_are_counted_from_now() -> None:
    """`ago` and `left` look back and ahead; a time that is over has nothing left."""
    now = time.time() * 1000
    assert words.ago(round(now - 300_000)) == "5 min ago"
    assert words.left(round(now + 300_500)) == "5 min"
    assert words.left(round(now - 1)) == "none"
    assert words.took(1_000, 3_500) == "2.5 s"
    assert words.took(1_000, None) == ""
