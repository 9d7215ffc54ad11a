"""Annotations taken apart into the plain types that they allow."""

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

import typing_extensions
from typing_extensions import TypeAliasType

_WRAPPERS = {
    Annotated,
    typing.ClassVar,
    typing.Final,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
    typing_extensions.Required,
}
_ALIAS_TYPES = {TypeAliasType, getattr(typing, "TypeAliasType", TypeAliasType)}


def alternatives(annotation: object) -> Iterator[object]:
    """Give the types of which a value must satisfy one.

    Unions, `Annotated`, `NewType`, type aliases, type variables and the qualifiers of
    fields are taken apart; generic aliases, `Literal` and forward references are not.

    Args:
        annotation: any annotation; None stands for `NoneType`.

    Returns:
        The types; `Any` for a type variable without bound.
    """
    origin = get_origin(annotation)
    if origin is Union or origin is types.UnionType:
        for member in get_args(annotation):
            yield from alternatives(member)
    elif origin in _WRAPPERS:
        yield from alternatives(get_args(annotation)[0])
    elif type(annotation) in _ALIAS_TYPES or type(origin) in _ALIAS_TYPES:
        alias: Any = annotation if origin is None else origin
        yield from alternatives(alias.__value__)
    elif isinstance(annotation, TypeVar):
        yield from _bounds(annotation)
    elif isinstance(annotation, NewType):
        yield from alternatives(annotation.__supertype__)
    else:
        yield type(None) if annotation is None else annotation


def literal_types(annotation: object) -> tuple[type, ...]:
    """Give the types of the values that a `Literal` lists; empty for anything else."""
    if get_origin(annotation) is Literal:
        return tuple(type(value) for value in get_args(annotation))
    return ()


def _bounds(variable: TypeVar) -> Iterator[object]:
    if variable.__bound__ is not None:
        yield from alternatives(variable.__bound__)
    elif variable.__constraints__:
        for member in variable.__constraints__:
            yield from alternatives(member)
    else:
        yield Any
