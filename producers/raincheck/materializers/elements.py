"""What an annotation says of the elements of a list, tuple or dict."""

import collections.abc
import functools
import operator
import typing
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast, get_args, get_origin

from typing_extensions import is_typeddict

from raincheck.materializers.annotations import alternatives
from raincheck.materializers.type_check import class_satisfies

_OF_ONE = {
    *(list, collections.abc.Iterable, collections.abc.Collection, collections.abc.Container),
    *(collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Reversible),
}
_OF_TWO = {dict, collections.abc.Mapping, collections.abc.MutableMapping}


def element_of(annotation: object, container: type, place: int | str) -> Any:
    """Give the annotation of an element.

    Args:
        annotation: of the whole.
        container: `list`, `tuple` or `dict`: what the whole is.
        place: position or key of the element.

    Returns:
        `Any` where the annotation says nothing of it.
    """
    found = list(_elements(annotation, container, place))
    if not found or Any in found:
        return Any
    try:
        return functools.reduce(operator.or_, found)
    except TypeError:  # one of several is a name, or cannot be hashed
        return Any


def value_satisfies(value: object, annotation: object) -> bool:
    """Tell whether plain JSON is what an annotation allows, its elements included.

    Args:
        value: as the reader will get it.
        annotation: any annotation; what it says beside the types is not looked at.
    """
    return any(_satisfies(value, member) for member in alternatives(annotation))


def _satisfies(value: object, member: object) -> bool:
    if get_origin(member) is Literal:
        return any(type(each) is type(value) and each == value for each in get_args(member))
    if not class_satisfies(type(value), member):
        return False
    if isinstance(value, list):
        places: Iterable[tuple[int | str, object]] = enumerate(cast("list[object]", value))
    elif isinstance(value, dict):
        places = cast("dict[str, object]", value).items()
    else:
        return True
    return all(value_satisfies(each, element_of(member, type(value), at)) for at, each in places)


def _elements(annotation: object, container: type, place: int | str) -> Iterator[object]:
    for member in alternatives(annotation):
        origin, arguments = get_origin(member), get_args(member)
        if is_typeddict(origin or member):
            hints = typing.get_type_hints(origin or member, include_extras=True)
            yield hints.get(str(place), Any)
        elif not class_satisfies(container, member):
            continue
        elif origin in _OF_TWO and container is dict:
            yield arguments[1]
        elif origin in _OF_ONE and container is not dict:
            yield arguments[0]
        elif origin is tuple and isinstance(place, int):
            yield _of_tuple(arguments, place)
        else:
            yield Any


def _of_tuple(arguments: tuple[object, ...], place: int) -> object:
    if len(arguments) == 2 and arguments[1] is Ellipsis:  # noqa: PLR2004 - tuple[T, ...]
        return arguments[0]
    return arguments[place] if place < len(arguments) else Any
