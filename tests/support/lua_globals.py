"""Which globals a Lua 5.1 chunk reads and writes, from its compiled form.

Looking at the text would miss an assignment that lacks `local`; running the chunk would miss
what its functions do. The compiled form names every access: `GETGLOBAL` and `SETGLOBAL`.
"""

from importlib import import_module
from typing import Any

_HEADER_SIZE = 12
_GETGLOBAL, _SETGLOBAL = 5, 7
_NIL, _BOOLEAN, _NUMBER, _STRING = 0, 1, 3, 4


class _Chunk:
    """Reads one compiled function after another (lundump.c of Lua 5.1, 64 bit)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = _HEADER_SIZE
        self.read: set[str] = set()
        self.written: set[str] = set()

    def _int(self, size: int = 4) -> int:
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "little")

    def _string(self) -> str:
        size = self._int(8)
        self._at += size
        return self._data[self._at - size : self._at - 1].decode() if size else ""

    def _constant(self) -> str:
        kind = self._int(1)
        if kind == _STRING:
            return self._string()
        self._at += {_NIL: 0, _BOOLEAN: 1, _NUMBER: 8}[kind]
        return ""

    def function(self) -> None:
        """Read a function and those within it."""
        self._string()
        self._at += 4 + 4 + 4  # lines; upvalues, parameters, variadic, stack
        code = [self._int() for _ in range(self._int())]
        constants = [self._constant() for _ in range(self._int())]
        for instruction in code:
            operation, name = instruction & 0x3F, instruction >> 14
            if operation == _GETGLOBAL:
                self.read.add(constants[name])
            elif operation == _SETGLOBAL:
                self.written.add(constants[name])
        for _ in range(self._int()):
            self.function()
        self._debug()

    def _debug(self) -> None:
        lines = self._int()
        self._at += 4 * lines
        for _ in range(self._int()):
            self._string()
            self._at += 8
        for _ in range(self._int()):
            self._string()


def lua_globals(source: str) -> tuple[set[str], set[str]]:
    """The names of the globals that a chunk reads and those that it writes.

    Args:
        source: Lua 5.1 source text.
    """
    # Without stubs, and of a name that its own type hints do not know.
    runtime: Any = import_module("lupa.lua51").LuaRuntime(encoding=None)
    compiled = runtime.eval(b"function(text) return string.dump(assert(loadstring(text))) end")
    chunk = _Chunk(compiled(source.encode()))
    chunk.function()
    return chunk.read, chunk.written
