"""All keys of an index, to compare what it held before and after a call."""

from collections.abc import Sequence
from typing import Any

from raincheck.index import Index
from raincheck.index.connection import text

_READ: dict[str, tuple[str, ...]] = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "list": ("LRANGE", "0", "-1"),
    "zset": ("ZRANGE", "0", "-1", "WITHSCORES"),
    "stream": ("XRANGE", "-", "+"),
}


def key(index: Index, name: str) -> str:
    """The full name of a key."""
    return index.connection.prefix + name


def ask(index: Index, *command: str | int) -> Any:
    """The raw reply to one command."""
    return index.connection.ask([command])[0]


def key_names(index: Index) -> list[str]:
    """The keys of an index, without their prefix."""
    prefix = index.connection.prefix
    return sorted(text(name)[len(prefix) :] for name in ask(index, "KEYS", f"{prefix}*"))


def types(index: Index, names: Sequence[str]) -> dict[str, str]:
    """The type of each key."""
    replies = index.connection.ask([("TYPE", key(index, name)) for name in names])
    return {name: text(reply) for name, reply in zip(names, replies, strict=True)}


def dump(index: Index) -> dict[str, Any]:
    """The content of every key, and whether it has a time to live."""
    found: dict[str, Any] = {}
    for name, kind in types(index, key_names(index)).items():
        command, *rest = _READ[kind]
        content, expiry = index.connection.ask(
            [(command, key(index, name), *rest), ("PEXPIRETIME", key(index, name))]
        )
        found[name] = (content, expiry > 0)
    return found
