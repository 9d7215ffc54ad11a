"""A digest of the code of a step's function, as it is loaded in this process.

It is made of compiled code and not of source text: a file that was edited after the worker
imported it would give the new text for the old code. Line numbers, comments, docstrings and
the decorator's options do not count. Another minor release of Python compiles otherwise, and
so computes anew.
"""

import dis
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import cast

from raincheck.authoring.step import Step
from raincheck.blobs.digest import digest_of

_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...))


def code_digest(function: object) -> str:
    """The digest of a function and of what it calls or reads by name in its own module.

    Args:
        function: of a step.

    Returns:
        The same for the same code, in any process of the same Python.
    """
    lines = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    seen: set[int] = set()
    waiting = [cast("FunctionType", function)]
    module = getattr(function, "__module__", None)
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        lines.append(f"function {one.__qualname__}: {_code(one.__code__)}")
        for name, value in _named(one):
            if _is_constant(value):
                lines.append(f"{one.__qualname__} {name} = {_written(value)}")
            elif called := _function_of(value, module, closure=name.startswith("closure ")):
                lines.append(f"{one.__qualname__} {name} is {called.__qualname__}")
                waiting.append(called)
    return digest_of("\n".join(sorted(lines)).encode("utf-8", "backslashreplace"))


def _named(function: FunctionType) -> Iterator[tuple[str, object]]:
    """What a function finds by name: defaults, globals that it reads, its closure."""
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    for parameter in parameters:
        if parameter.default is not parameter.empty:
            yield f"default {parameter.name}", parameter.default
    read, written = _globals_of(function.__code__)
    for name in sorted(read - written):
        if name in function.__globals__:
            yield f"global {name}", function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"closure {name}", cell.cell_contents
        except ValueError:  # it is still empty
            continue


def _globals_of(code: CodeType) -> tuple[set[str], set[str]]:
    """The global names that code reads, and those that it assigns."""
    read, written = set[str](), set[str]()
    for instruction in dis.get_instructions(code):
        if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            read.add(str(instruction.argval))
        elif instruction.opname in {"STORE_GLOBAL", "DELETE_GLOBAL"}:
            written.add(str(instruction.argval))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = _globals_of(constant)
            read |= inner[0]
            written |= inner[1]
    return read, written


def _function_of(value: object, module: object, *, closure: bool) -> FunctionType | None:
    """A plain function of the module, bare or made a step; in a closure of any module."""
    found = cast("object", value.function) if isinstance(value, Step) else value
    if not isinstance(found, FunctionType):
        return None
    return found if closure or found.__module__ == module else None


def _is_constant(value: object) -> bool:
    if type(value) in {tuple, frozenset}:
        return all(_is_constant(item) for item in cast("tuple[object, ...]", value))
    return type(value) in _CONSTANTS


def _code(code: CodeType) -> str:
    """Compiled code in words that do not depend on where and when it was compiled."""
    consts = code.co_consts[1:] if _has_docstring(code) else code.co_consts
    parts = (
        code.co_code.hex(),
        code.co_exceptiontable.hex(),
        str((code.co_argcount, code.co_kwonlyargcount, code.co_flags)),
        *(",".join(names) for names in (code.co_names, code.co_varnames, code.co_freevars)),
        *(_written(constant) for constant in consts),
    )
    return "(" + " ".join(parts) + ")"


def _has_docstring(code: CodeType) -> bool:
    """Whether the first constant is only the docstring: then nothing loads it."""
    if not code.co_consts or not isinstance(code.co_consts[0], str):
        return False
    return not any(
        item.opcode in dis.hasconst and item.arg == 0 for item in dis.get_instructions(code)
    )


def _written(value: object) -> str:
    if isinstance(value, CodeType):
        return f"{value.co_name}{_code(value)}"
    if isinstance(value, tuple):
        return "(" + " ".join(_written(item) for item in cast("tuple[object, ...]", value)) + ")"
    if isinstance(value, frozenset):  # its order differs from process to process
        items = cast("frozenset[object]", value)
        return "{" + " ".join(sorted(_written(item) for item in items)) + "}"
    return f"{type(value).__name__}:{value!r}"
