"""Predicates over metadata, as they are written in `where=`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import Condition, Operator


@dataclass(frozen=True, slots=True)
class Predicate:
    """How a metadata value is to compare; made by `lt`, `le`, `gt`, `ge`, `eq`, `exists`."""

    op: Operator
    value: JsonValue = None


def eq(value: JsonValue) -> Predicate:
    """Equal to `value`, as JSON."""
    return Predicate(Operator.EQ, value)


def lt(value: float) -> Predicate:
    """A number less than `value`.

    Raises:
        ArgumentError: `value` is no finite number, with which nothing compares.
    """
    return _compare(Operator.LT, value)


def le(value: float) -> Predicate:
    """A number not greater than `value`.

    Raises:
        ArgumentError: as `lt`.
    """
    return _compare(Operator.LE, value)


def gt(value: float) -> Predicate:
    """A number greater than `value`.

    Raises:
        ArgumentError: as `lt`.
    """
    return _compare(Operator.GT, value)


def ge(value: float) -> Predicate:
    """A number not less than `value`.

    Raises:
        ArgumentError: as `lt`.
    """
    return _compare(Operator.GE, value)


def exists() -> Predicate:
    """Any value."""
    return Predicate(Operator.EXISTS)


def _compare(op: Operator, value: object) -> Predicate:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problem = f"{value!r:.80} is no finite number"
        raise ArgumentError(f"{op}()", problem, "Metadata compares by number; use eq() for others")
    return Predicate(op, value)


def conditions_of(where: Mapping[str, JsonValue | Predicate]) -> tuple[Condition, ...]:
    """The conditions of a `where=`; a plain value means equality.

    Raises:
        pydantic.ValidationError: a key or value that cannot be one.
    """
    items = {key: item if isinstance(item, Predicate) else eq(item) for key, item in where.items()}
    return tuple(Condition(key=key, op=item.op, value=item.value) for key, item in items.items())
