"""The names under which types are recorded and compared."""

import sys

# Libraries move classes between private modules; the recorded name stays.
_MOVED = {"pathlib._local": "pathlib", "pathlib._abc": "pathlib"}


def type_name(cls: type) -> str:
    """Spell a class for the manifest.

    Args:
        cls: any class.

    Returns:
        `module.QualifiedName`, for example `builtins.float` or `pandas.DataFrame`.
    """
    return normal_name(f"{cls.__module__}.{cls.__qualname__}")


def base_names(cls: type) -> tuple[str, ...]:
    """Spell the other classes that an instance of `cls` satisfies.

    Args:
        cls: any class.

    Returns:
        Its method resolution order without itself and `object`.
    """
    return tuple(type_name(base) for base in cls.__mro__[1:] if base is not object)


def normal_name(name: str) -> str:
    """Give a recorded type name the spelling that does not depend on library versions.

    Args:
        name: `module.QualifiedName`.

    Returns:
        The same, with known private modules replaced by their public ones.
    """
    if name.startswith("pandas.core."):
        return "pandas." + name.rpartition(".")[2]
    for old, new in _MOVED.items():
        if name.startswith(old + "."):
            return new + name[len(old) :]
    return name


def imported_class(name: str) -> type | None:
    """Find a recorded class in what this process imported already; nothing is imported.

    Args:
        name: as `type_name` gave it.

    Returns:
        The class, or None if its module is not imported, it is not found at that place
        (local classes, parametrized generics) or the place holds another class.
    """
    pieces = name.split(".")
    for length in range(len(pieces) - 1, 0, -1):
        module = sys.modules.get(".".join(pieces[:length]))
        if module is not None:
            found: object = module
            for piece in pieces[length:]:
                # `vars`, not `getattr`: a module or class may run code on attribute access.
                found = getattr(found, "__dict__", {}).get(piece)
            if isinstance(found, type) and type_name(found) == name:
                return found
            return None
    return None
