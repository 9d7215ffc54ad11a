"""The name by which another process finds a function: `module:qualname`."""

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

from raincheck_contracts.errors import DefinitionError
from raincheck_contracts.names import FUNCTION_PATTERN

# `__mp_main__` is the script's module in a child that multiprocessing spawned.
_SCRIPT_MODULES = frozenset({"__main__", "__mp_main__"})
_REMEDY = "Put it into a module that the worker imports (raincheck worker MODULE)"


def importable_module(module: str) -> str | None:
    """The name under which another process can import a module of this one.

    Args:
        module: a function's `__module__`.

    Returns:
        The same name, but for a script run as `__main__` the name that `-m` was given, or
        the file's stem when its folder is first on `sys.path`; None when there is none
        (a notebook, the interactive interpreter, `python -c`, a zip file).
    """
    if module not in _SCRIPT_MODULES:
        return module
    main = sys.modules.get(module)
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return None if spec.name in _SCRIPT_MODULES else str(spec.name)
    file = getattr(main, "__file__", None)
    if file is None or not sys.path:
        return None
    path = Path(file)
    return path.stem if path.parent.resolve() == Path(sys.path[0]).resolve() else None


def function_path(function: Callable[..., object]) -> str:
    """The path by which a worker finds `function`.

    Args:
        function: a function at the top of a module, or in a class there.

    Returns:
        `module:qualname`.

    Raises:
        DefinitionError: when no other process could import it; says why.
    """
    name = function.__qualname__
    if "<lambda>" in name:
        raise DefinitionError(name, "a lambda has no name to import it by", _REMEDY)
    if "<locals>" in name:
        problem = "it is defined inside a function, so a worker cannot import it"
        raise DefinitionError(name, problem, _REMEDY)
    module = importable_module(function.__module__)
    if module is None or _typed_in(function):
        problem = "it was defined in a notebook, an interpreter or a script outside sys.path"
        raise DefinitionError(name, problem, _REMEDY)
    path = f"{module}:{name}"
    if re.fullmatch(FUNCTION_PATTERN, path) is None:
        problem = f"{path!r} has characters other than ASCII letters, digits, '_' and '.'"
        raise DefinitionError(name, problem, "Rename the module or the function")
    return path


def _typed_in(function: Callable[..., object]) -> bool:
    # `python -i script.py` has a file, but what is typed afterwards is not in it.
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (
        function.__module__ in _SCRIPT_MODULES
        and code is not None
        and code.co_filename.startswith("<")
    )
