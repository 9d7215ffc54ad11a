"""A copy of an index, and going back to it: what a restored server does."""

from typing import Any

from raincheck.index import Index
from tests.support.dumps import ask, key, key_names


def copy_of(index: Index) -> dict[str, tuple[bytes, int]]:
    """Every key as the server writes it down, and when it ends (-1: never)."""
    found: dict[str, tuple[bytes, int]] = {}
    for name in key_names(index):
        content: Any = ask(index, "DUMP", key(index, name))
        found[name] = (content, int(ask(index, "PEXPIRETIME", key(index, name))))
    return found


def restore(index: Index, copy: dict[str, tuple[bytes, int]]) -> None:
    """Put an index back to what it was."""
    for name in key_names(index):
        ask(index, "DEL", key(index, name))
    for name, (content, ends) in copy.items():
        client = index.connection.client
        client.execute_command("RESTORE", key(index, name), 0, content)
        if ends > 0:  # fakeredis knows no ABSTTL
            client.execute_command("PEXPIREAT", key(index, name), ends)
