"""JSON Pointers into metadata."""

import pytest

from raincheck_contracts.pointers import follow, pointer_of, tokens_of


def test_tokens_are_escaped_and_unescaped() -> None:
    """`~` and `/` within a key survive (RFC 6901, section 3)."""
    assert pointer_of("a/b", "~", 0) == "/a~1b/~0/0"
    assert tokens_of("/a~1b/~0/0") == ("a/b", "~", "0")
    assert tokens_of("/~01") == ("~1",)


def test_a_pointer_goes_into_objects_and_lists() -> None:
    """Keys of objects and positions of lists, from the outside in."""
    assert follow({"a": [1, {"b": None}]}, ("a", "1", "b")) is None
    assert follow([10, 20], ("1",)) == 20
    assert follow("whole", ()) == "whole"


@pytest.mark.parametrize(
    ("document", "tokens", "says"),
    [
        ({"a": 1}, ("b",), "a dict has nothing at 'b'"),
        ([1], ("1",), "a list has nothing at '1'"),
        ([1], ("-1",), "a list has nothing at '-1'"),
        (3, ("x",), "a int has nothing at 'x'"),
    ],
)
def test_a_pointer_that_finds_nothing_says_where(
    document: object, tokens: tuple[str, ...], says: str
) -> None:
    """The error names the kind of value and the token."""
    with pytest.raises(LookupError, match=says):
        follow(document, tokens)  # type: ignore[arg-type]  # JSON by construction
