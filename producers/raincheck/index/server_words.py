"""Reading what a server says of itself, in whichever form it comes."""

from collections.abc import Mapping
from typing import Any


def setting(reply: Any) -> str:
    """The only value of a CONFIG GET; empty when it was forbidden."""
    values = list(reply.values()) if isinstance(reply, Mapping) else list(reply or ())[1:]
    value = values[0] if values else ""
    return value if isinstance(value, str) else str(value, "utf-8")


def append_only(told: Any) -> bool | None:
    """Whether the server keeps an append-only file, by its INFO; None when it does not tell."""
    return bool(told["aof_enabled"]) if _has(told, "aof_enabled") else None


def number(told: Any, name: str) -> int | None:
    """A number of INFO; None when it is not told."""
    return int(told[name]) if _has(told, name) else None


def _has(told: Any, name: str) -> bool:
    return isinstance(told, Mapping) and name in told
