"""JSON Pointers (RFC 6901): where in the metadata a reference points."""

from raincheck_contracts._base import JsonValue


def pointer_of(*tokens: str | int) -> str:
    """The JSON Pointer of a path of keys and list positions (RFC 6901, section 3).

    Args:
        tokens: keys of objects and positions in lists, outermost first.

    Returns:
        The pointer, with `~` and `/` escaped: `pointer_of("a/b", 0) == "/a~1b/0"`.
    """
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def tokens_of(pointer: str) -> tuple[str, ...]:
    """The unescaped tokens of a pointer."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def follow(document: JsonValue, tokens: tuple[str, ...]) -> JsonValue:
    """The value at a path within a JSON document (RFC 6901, section 4).

    Args:
        document: where to look.
        tokens: keys of objects and positions in lists, outermost first.

    Returns:
        The value.

    Raises:
        LookupError: nothing is there; says at which token.
    """
    value = document
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            kind = type(value).__name__
            raise LookupError(f"a {kind} has nothing at {token!r}")
    return value
