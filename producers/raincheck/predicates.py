"""Predicates over metadata, as they are written in `where=`."""

from collections.abc import Mapping
from dataclasses import dataclass

from raincheck_contracts._base import JsonValue
from raincheck_contracts.references import Condition, Operator


@dataclass(frozen=True, slots=True)
class Predicate:
    """How a metadata value is to compare; made by `lt`, `le`, `gt`, `ge`, `eq`, `exists`."""

    op: Operator
    value: JsonValue = None


def eq(value: JsonValue) -> Predicate:
    """Equal to `value`, as JSON."""
    return Predicate(Operator.EQ, value)


def lt(value: float) -> Predicate:
    """A number less than `value`."""
    return Predicate(Operator.LT, value)


def le(value: float) -> Predicate:
    """A number not greater than `value`."""
    return Predicate(Operator.LE, value)


def gt(value: float) -> Predicate:
    """A number greater than `value`."""
    return Predicate(Operator.GT, value)


def ge(value: float) -> Predicate:
    """A number not less than `value`."""
    return Predicate(Operator.GE, value)


def exists() -> Predicate:
    """Any value."""
    return Predicate(Operator.EXISTS)


def conditions_of(where: Mapping[str, JsonValue | Predicate]) -> tuple[Condition, ...]:
    """The conditions of a `where=`; a plain value means equality.

    Raises:
        pydantic.ValidationError: a key or value that cannot be one.
    """
    items = {key: item if isinstance(item, Predicate) else eq(item) for key, item in where.items()}
    return tuple(Condition(key=key, op=item.op, value=item.value) for key, item in items.items())
