"""The Lua function library, joined from the files of `lua/`."""

from functools import cache
from importlib.resources import files

#: In every function's name, so that two releases can share a server while they roll.
PROTOCOL = 1
PREFIX = f"rc{PROTOCOL}_"


@cache
def library_source() -> str:
    """The text for `FUNCTION LOAD`: all files of `lua/` in the order of their names."""
    folder = files("raincheck.index") / "lua"
    sources = sorted((item for item in folder.iterdir() if item.name.endswith(".lua")), key=str)
    return "\n".join(item.read_text(encoding="utf-8") for item in sources)
