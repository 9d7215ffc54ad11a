"""Annotations taken apart into the plain types that they allow."""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

import typing_extensions
from typing_extensions import TypeAliasType

_WRAPPERS = {
    typing.ClassVar,
    typing.Final,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
    typing_extensions.Required,
}
_ALIAS_TYPES = {TypeAliasType, getattr(typing, "TypeAliasType", TypeAliasType)}
_EMPTY = (typing.Never, typing.NoReturn)  # unions of nothing


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the types of which a value must satisfy one."""

    type: object
    """A class, a generic alias, a `Literal`, `Any` or a forward reference."""
    extras: tuple[object, ...] = ()
    """What `Annotated` says beside the type, the outermost last."""


def alternatives(annotation: object) -> Iterator[object]:
    """Give the types of which a value must satisfy one.

    Unions, `Annotated`, `NewType`, type aliases, type variables and the qualifiers of
    fields are taken apart; generic aliases, `Literal` and forward references are not.

    Args:
        annotation: any annotation; None stands for `NoneType`.

    Returns:
        The types; `Any` for a type variable without bound.
    """
    return (alternative.type for alternative in taken_apart(annotation))


def taken_apart(annotation: object, extras: tuple[object, ...] = ()) -> Iterator[Alternative]:
    """Give the types as `alternatives` does, each with what `Annotated` says of it.

    What stands around a union is said of each of its members.

    Args:
        annotation: any annotation.
        extras: said of it from outside.
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        bare, *said = get_args(annotation)
        yield from taken_apart(bare, (*said, *extras))
    elif isinstance(annotation, TypeVar | NewType) or origin in {Union, types.UnionType}:
        for member in _members(annotation):
            yield from taken_apart(member, extras)
    elif origin in _WRAPPERS:
        yield from taken_apart(get_args(annotation)[0], extras)
    elif type(annotation) in _ALIAS_TYPES or type(origin) in _ALIAS_TYPES:
        yield from taken_apart(_value_of_alias(annotation), extras)
    elif any(annotation is empty for empty in _EMPTY):
        return
    elif (frame := _of_pandera(annotation)) is not None:
        yield Alternative(frame, (annotation, *extras))
    else:
        yield Alternative(_plain(annotation), extras)


def literal_types(annotation: object) -> tuple[type, ...]:
    """Give the types of the values that a `Literal` lists; empty for anything else."""
    if get_origin(annotation) is Literal:
        return tuple(type(value) for value in get_args(annotation))
    return ()


def _plain(annotation: object) -> object:
    if annotation is None:
        return type(None)
    return str if annotation is typing.LiteralString else annotation


def _members(annotation: TypeVar | NewType | object) -> tuple[object, ...]:
    if isinstance(annotation, NewType):
        return (annotation.__supertype__,)
    if not isinstance(annotation, TypeVar):
        return get_args(annotation)
    if annotation.__bound__ is not None:
        return (annotation.__bound__,)
    return annotation.__constraints__ or (Any,)


def _value_of_alias(annotation: Any) -> object:
    """What a `type` statement names, with the arguments of a generic one put in."""
    origin = get_origin(annotation)
    if origin is None:
        value: object = annotation.__value__
        return value
    value = origin.__value__
    parameters, arguments = origin.__type_params__, get_args(annotation)
    if value in parameters:
        return arguments[parameters.index(value)]
    within = getattr(value, "__parameters__", ())
    known = dict(zip(parameters, arguments, strict=False))
    if not within or any(parameter not in known for parameter in within):
        return value
    return value[tuple(known[parameter] for parameter in within)]  # type: ignore[index]  # a generic alias or union


def _of_pandera(annotation: object) -> type | None:
    """The class of pandas that `pandera.typing.DataFrame[...]` stands for, and the like."""
    cls = get_origin(annotation) or annotation
    if not isinstance(cls, type) or not cls.__module__.startswith("pandera.typing"):
        return None
    return next((base for base in cls.__mro__ if base.__module__.startswith("pandas")), None)
