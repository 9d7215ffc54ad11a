"""The parameters of a step or pipeline function, and how arguments meet them."""

import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter
from pydantic_core import SchemaError
from typing_extensions import override

from raincheck.columns import without_contracts

# What pydantic raises for an annotation that it has no check for.
_NO_SCHEMA = (PydanticUserError, PydanticUndefinedAnnotation, SchemaError, TypeError)
_ARBITRARY = ConfigDict(arbitrary_types_allowed=True)


@dataclass(frozen=True, eq=False)
class ParameterPort:
    """One parameter of a step or pipeline function."""

    name: str
    annotation: object = Any
    """The resolved annotation; `Any` without one."""
    default: object = inspect.Parameter.empty
    """`inspect.Parameter.empty` without one."""
    keyword_only: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is inspect.Parameter.empty

    @cached_property
    def adapter(self) -> TypeAdapter[object] | None:
        """Pydantic's check of the annotation; None when it has none to offer."""
        if self.annotation is Any:
            return None
        return _adapter_of(without_contracts(self.annotation))


@dataclass(frozen=True, slots=True)
class ArgumentProblem:
    """Why an argument does not fit."""

    parameter: str
    """Empty when it is about the call as a whole."""
    problem: str

    @override
    def __str__(self) -> str:
        """One phrase for a person."""
        return f"{self.parameter}: {self.problem}" if self.parameter else self.problem


@dataclass(frozen=True, slots=True)
class BoundArguments:
    """Arguments by parameter, defaults left out."""

    values: dict[str, object]
    problems: tuple[ArgumentProblem, ...]


def bind_arguments(
    ports: Sequence[ParameterPort], args: Sequence[object], kwargs: Mapping[str, object]
) -> BoundArguments:
    """Match the arguments of a call with parameters, as Python does.

    Args:
        ports: the parameters, in order; no `*args`, no positional-only ones.
        args: positional arguments.
        kwargs: arguments by name.

    Returns:
        What each parameter got, in the order of the parameters, and all that is wrong.
    """
    positional = [port.name for port in ports if not port.keyword_only]
    given = dict(zip(positional, args, strict=False))
    problems: list[ArgumentProblem] = []
    if len(args) > len(positional):
        text = f"takes {len(positional)} positional arguments but {len(args)} were given"
        problems.append(ArgumentProblem("", text))
    names = [port.name for port in ports]
    for name in kwargs:
        if name not in names:
            problems.append(ArgumentProblem(name, _unknown(name, names)))
        elif name in given:
            problems.append(ArgumentProblem(name, "is given by position and by name"))
    given.update(kwargs)
    missing = [port.name for port in ports if port.required and port.name not in given]
    problems.extend(ArgumentProblem(name, "is missing") for name in missing)
    return BoundArguments({n: given[n] for n in names if n in given}, tuple(problems))


def _unknown(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"is not a parameter; did you mean {near[0]!r}?"
    known = ", ".join(names) if names else "no parameters"
    return f"is not a parameter; it takes {known}"


def _adapter_of(annotation: Any) -> TypeAdapter[object] | None:
    try:
        return TypeAdapter(annotation, config=_ARBITRARY)
    except _NO_SCHEMA:
        # Models and dataclasses bring their own configuration and refuse another.
        return _adapter_without_config(annotation)


def _adapter_without_config(annotation: Any) -> TypeAdapter[object] | None:
    try:
        return TypeAdapter(annotation)
    except _NO_SCHEMA:
        return None
