"""The Lua function library, joined from the files of `lua/`."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files

#: In every function's name, so that two releases can share a server while they roll.
PROTOCOL = 1
PREFIX = f"rc{PROTOCOL}_"
#: Of this installation.
RELEASE = version("raincheck")


@cache
def library_digest() -> str:
    """Names the library's text, so that a server with another release's is noticed."""
    return sha256(_joined().encode()).hexdigest()


def library_source() -> str:
    """The text for `FUNCTION LOAD`; `digest` and `release` answer what it is."""
    answers = {"digest": library_digest(), "release": RELEASE}
    functions = (
        f'redis.register_function("{PREFIX}{name}", function() return "{answer}" end)\n'
        for name, answer in answers.items()
    )
    return f"{_joined()}\n{''.join(functions)}"


@cache
def _joined() -> str:
    folder = files("raincheck.index") / "lua"
    sources = sorted((item for item in folder.iterdir() if item.name.endswith(".lua")), key=str)
    return "\n".join(item.read_text(encoding="utf-8") for item in sources)
