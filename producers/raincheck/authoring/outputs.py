"""The outputs of a step, read from its return annotation.

    -> T                                             one output, `output`
    -> Annotated[T, "predictions"]                   one output, published as `predictions`
    -> tuple[Annotated[A, "x"], Annotated[B, "y"]]   the outputs `x` and `y`
    -> tuple[A, B]                                   the outputs `output_0` and `output_1`
    -> None                                          no output
    nothing written                                  `output`, unless None is returned

A name given with `Annotated` is the name of the output and of the artifact.
"""

import re
import types
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from raincheck_contracts.errors import DefinitionError
from raincheck_contracts.names import ARTIFACT_NAME_PATTERN, IDENTIFIER_PATTERN


@dataclass(frozen=True, slots=True)
class OutputPort:
    """One output of a step function."""

    name: str
    annotation: object
    """The resolved annotation, `Annotated` removed; `Any` without one."""
    artifact: str | None = None
    """The name given with `Annotated`; None when the author gave none."""
    optional: bool = False
    """Whether returning None publishes nothing."""
    declared: object = field(default=Any, compare=False)
    """The resolved annotation as it was written, for its column contracts."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """All outputs of a step function."""

    ports: tuple[OutputPort, ...]
    unpacked: bool = False
    """Whether the function returns a tuple with one item per output."""


#: A function without a return annotation.
UNDECLARED = Outputs((OutputPort("output", Any, optional=True),))


def read_outputs(function: str, annotation: object) -> Outputs:
    """Read a resolved return annotation.

    Args:
        function: name of the function, for errors.
        annotation: as `typing.get_type_hints(..., include_extras=True)` gives it.

    Returns:
        The outputs, in order.

    Raises:
        DefinitionError: two outputs with one name, a name that an artifact cannot have,
            or a tuple of unknown length.
    """
    if annotation is None or annotation is types.NoneType:
        return Outputs(())
    if annotation is not tuple and get_origin(annotation) is not tuple:
        return Outputs((_port(function, annotation, "output"),))
    items = get_args(annotation)
    if not items or Ellipsis in items:
        problem = "it returns a tuple of unknown length, so its outputs cannot be named"
        remedy = "Return a list for one output, or write tuple[A, B] for two"
        raise DefinitionError(function, problem, remedy)
    ports = [_port(function, item, f"output_{i}") for i, item in enumerate(items)]
    _refuse_twice(function, [port.name for port in ports])
    return Outputs(tuple(ports), unpacked=True)


def _port(function: str, annotation: object, name: str) -> OutputPort:
    names = _names_in(annotation)
    if not names:
        _refuse_hidden_name(function, annotation)
        return OutputPort(name, _bare(annotation), declared=annotation)
    if len(names) > 1:
        problem = f"one output has the names {', '.join(names)}"
        raise DefinitionError(function, problem, "Give it one")
    # The one name is both the output's and the artifact's, so it must fit both patterns.
    patterns = (ARTIFACT_NAME_PATTERN, IDENTIFIER_PATTERN)
    if any(re.fullmatch(pattern, names[0]) is None for pattern in patterns):
        problem = f"{names[0]!r} cannot be the name of an output"
        remedy = "Begin with a lower-case letter; then up to 63 of a-z, 0-9, '.', '_', '-'"
        raise DefinitionError(function, problem, remedy)
    return OutputPort(names[0], _bare(annotation), artifact=names[0], declared=annotation)


def _names_in(annotation: object) -> list[str]:
    if get_origin(annotation) is not Annotated:
        return []
    return [extra for extra in get_args(annotation)[1:] if isinstance(extra, str)]


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _refuse_hidden_name(function: str, annotation: object) -> None:
    bare = _bare(annotation)
    if get_origin(bare) not in {Union, types.UnionType}:
        return
    hidden = [name for member in get_args(bare) for name in _names_in(member)]
    if hidden:
        problem = f"the name {hidden[0]!r} is inside a union, where it names nothing"
        remedy = f'Write Annotated[A | B, "{hidden[0]}"]'
        raise DefinitionError(function, problem, remedy)


def _refuse_twice(function: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(
                function, f"two outputs are named {name!r}", "Give each its own name"
            )
