"""Predicates over metadata."""

from typing import Any

import pytest
from pydantic import ValidationError

from raincheck import eq, exists, ge, gt, le, lt
from raincheck.client.predicates import Predicate, conditions_of
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import Condition, Operator


def test_each_predicate_becomes_its_condition() -> None:
    """In the order in which they are written; a plain value means equality."""
    where: dict[str, JsonValue | Predicate] = {
        "a": lt(1),
        "b": le(2),
        "c": gt(3),
        "d": ge(0.5),
        "e": eq([1]),
        "f": exists(),
        "g": "x",
    }
    assert conditions_of(where) == (
        Condition(key="a", op=Operator.LT, value=1),
        Condition(key="b", op=Operator.LE, value=2),
        Condition(key="c", op=Operator.GT, value=3),
        Condition(key="d", op=Operator.GE, value=0.5),
        Condition(key="e", op=Operator.EQ, value=[1]),
        Condition(key="f", op=Operator.EXISTS),
        Condition(key="g", op=Operator.EQ, value="x"),
    )


@pytest.mark.parametrize("compare", [lt, le, gt, ge])
@pytest.mark.parametrize("value", ["0.2", True, None, float("nan"), float("inf")])
def test_only_numbers_compare(compare: Any, value: object) -> None:
    """A condition that can never hold is refused where it is written."""
    with pytest.raises(ArgumentError, match=r"(lt|le|gt|ge)\(\): .* is no finite number"):
        compare(value)


def test_a_key_that_cannot_be_one_is_refused() -> None:
    """By the contract."""
    with pytest.raises(ValidationError):
        conditions_of({"": 1})
