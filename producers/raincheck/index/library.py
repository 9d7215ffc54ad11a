"""The Lua function library, joined from the files of `lua/`."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

#: In every function's name, so that two releases can share a server while they roll.
PROTOCOL = 1
PREFIX = f"rc{PROTOCOL}_"


@cache
def library_digest() -> str:
    """Names the library's text, so that a server with another release's is noticed."""
    return sha256(_joined().encode()).hexdigest()


def library_source() -> str:
    """The text for `FUNCTION LOAD`; its function `digest` answers `library_digest()`."""
    answer = f'function() return "{library_digest()}" end'
    return f'{_joined()}\nredis.register_function("{PREFIX}digest", {answer})\n'


@cache
def _joined() -> str:
    folder = files("raincheck.index") / "lua"
    sources = sorted((item for item in folder.iterdir() if item.name.endswith(".lua")), key=str)
    return "\n".join(item.read_text(encoding="utf-8") for item in sources)
