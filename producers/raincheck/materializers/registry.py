"""Which materializer is for which value; the order is the order of declaration."""

from raincheck.materializers.arrays import ArrayMaterializer
from raincheck.materializers.base import Materializer
from raincheck.materializers.estimators import EstimatorMaterializer
from raincheck.materializers.frame import FrameMaterializer
from raincheck.materializers.json_values import JsonMaterializer
from raincheck.materializers.paths import PathMaterializer
from raincheck.materializers.pydantic_models import PydanticMaterializer
from raincheck.materializers.raw_bytes import BytesMaterializer
from raincheck.materializers.type_names import type_name
from raincheck_contracts.errors import DefinitionError, MaterializerNotFoundError

# Arrays come before JSON: a numpy.float64 is a float too, and must come back as itself.
_ordered: list[Materializer] = [
    ArrayMaterializer(),
    JsonMaterializer(),
    PydanticMaterializer(),
    BytesMaterializer(),
    PathMaterializer(),
    FrameMaterializer(),
    EstimatorMaterializer(),
]


def register_materializer(materializer: Materializer, *, first: bool = True) -> None:
    """Make a materializer known in this process.

    Call it in a module that producers and workers both import. Registering the same class
    again replaces the earlier instance.

    Args:
        materializer: an instance.
        first: whether it is asked before all others, the built-in ones included; else
            after them.

    Raises:
        DefinitionError: if another class is registered under the same name and version,
            or its name is empty or holds `@`.
    """
    key = _key(materializer)
    if not materializer.name or "@" in materializer.name:
        raise DefinitionError(
            key, "the name of a materializer cannot be empty or hold @", "Rename it"
        )
    for position, known in enumerate(_ordered):
        if _key(known) == key:
            if type_name(type(known)) != type_name(type(materializer)):
                raise DefinitionError(
                    key,
                    f"{type_name(type(known))} is registered under this name and version",
                    "Choose another name, or raise the version",
                )
            del _ordered[position]
            break
    _ordered.insert(0 if first else len(_ordered), materializer)


def materializer_for(value: object) -> Materializer:
    """Find the first materializer that handles `value`.

    Args:
        value: what is to be dumped.

    Returns:
        The materializer.

    Raises:
        MaterializerNotFoundError: if there is none for its type.
    """
    for materializer in _ordered:
        if materializer.handles(value):
            return materializer
    raise MaterializerNotFoundError(f"values of type {type_name(type(value))}")


def materializer_named(name: str) -> Materializer:
    """Find the materializer that wrote a value.

    Args:
        name: `name@version`, as recorded in the manifest.

    Returns:
        The materializer.

    Raises:
        MaterializerNotFoundError: if it is not registered in this process.
    """
    for materializer in _ordered:
        if _key(materializer) == name:
            return materializer
    raise MaterializerNotFoundError(f"values written by {name!r}")


def registered_names() -> tuple[str, ...]:
    """All that are registered, `name@version`, in the order in which they are asked."""
    return tuple(map(_key, _ordered))


def _key(materializer: Materializer) -> str:
    return f"{materializer.name}@{materializer.version}"
