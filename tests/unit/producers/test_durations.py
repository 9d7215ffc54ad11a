"""Durations as people write them."""

from datetime import timedelta

import pytest

from raincheck.durations import Duration, seconds_of
from raincheck_contracts.errors import SettingsError


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (0, 0.0),
        (1.5, 1.5),
        ("90", 90.0),
        ("90s", 90.0),
        (" 30 m ", 1_800.0),
        ("1.5h", 5_400.0),
        ("2d", 172_800.0),
        ("250ms", 0.25),
        (timedelta(minutes=2), 120.0),
    ],
)
def test_a_duration_is_so_many_seconds(duration: Duration, seconds: float) -> None:
    """Numbers are seconds; text has a unit or is seconds."""
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["soon", "", "-1s", "1 week", "1h30m", "٣s1"])
def test_other_text_is_no_duration(duration: str) -> None:
    """The error shows the text and what to write."""
    with pytest.raises(SettingsError, match="is no duration; write 90s"):
        seconds_of(duration)


@pytest.mark.parametrize("duration", [-1, float("inf"), float("nan"), timedelta(seconds=-1)])
def test_a_duration_is_finite_and_not_negative(duration: Duration) -> None:
    """The error names what it was for."""
    with pytest.raises(SettingsError, match=r"^lease: .* not between 0 and infinity"):
        seconds_of(duration, setting="lease")
