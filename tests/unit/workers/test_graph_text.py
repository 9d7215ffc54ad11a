"""Text that is cut to the width of a box."""

from hypothesis import given
from hypothesis import strategies as st

from raincheck_workers.cli.graph.text import clean, fitted


def test_what_fits_is_whole() -> None:
    """In one line."""
    assert fitted("scored_model@1", 180, 12) == "scored_model@1"
    assert fitted("a\nb", 180, 12) == "a b"


def test_the_version_of_a_long_name_stays() -> None:
    """The middle is left out."""
    cut = fitted("a_very_long_name_of_an_artifact@2026-11-20", 180, 12)
    assert cut.startswith("a_very_")
    assert cut.endswith("11-20")


@given(st.text(), st.floats(10, 200))
def test_what_is_cut_is_shorter(text: str, width: float) -> None:
    """Never longer than it was, whatever the width."""
    assert len(fitted(text, width, 12)) <= max(len(text), 1)


def test_what_turns_the_order_of_characters_is_marked() -> None:
    """So that no value passes for another."""
    assert clean("a\u202eb\x9bc\x7f\u2066") == "a\ufffdb\ufffdc\ufffd\ufffd"
