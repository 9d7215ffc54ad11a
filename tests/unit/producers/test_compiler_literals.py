from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd
import pytest
from pydantic import BaseModel

from raincheck.authoring import lazy_artifact_version, pipeline, step
from raincheck_contracts.errors import CompileError
from raincheck_contracts.pipelines import ListInput, ReferenceInput, StepSpec, ValueInput
from raincheck_contracts.reference_text import parse_reference


class Settings(BaseModel):
    """A pydantic model."""

    depth: int = 3


class Quacks(Protocol):
    """A protocol that cannot be checked at run time."""

    def quack(self) -> None:
        """Be a duck."""


@step
def typed(
    count: int = 1,
    frame: pd.DataFrame | None = None,
    settings: Settings | None = None,
    pair: tuple[int, str] = (1, "a"),
    duck: Quacks | None = None,
    frame_or_implicit_none: pd.DataFrame = None,  # pyright: ignore[reportArgumentType] - users do
) -> int:
    """Take one parameter of each kind."""
    del frame, settings, pair, duck, frame_or_implicit_none
    return count


_arguments: list[dict[str, Any]] = []


@pipeline
def calls_typed() -> None:
    """Call the step with the arguments that are on top."""
    typed(**_arguments[-1])


def compiled_call(**arguments: Any) -> StepSpec:
    """The compiled call of the step with these arguments."""
    _arguments.append(arguments)
    try:
        return calls_typed.compile().spec.steps[0]
    finally:
        _arguments.pop()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 3),
        ("count", "3"),
        ("frame", None),
        ("settings", {"depth": 2}),
        ("duck", "no one can tell"),
        ("frame_or_implicit_none", None),
    ],
    ids=repr,
)
def test_a_literal_that_may_fit_its_annotation_is_kept_as_written(name: str, value: Any) -> None:
    """The check is lax and changes nothing."""
    assert compiled_call(**{name: value}).inputs == {name: ValueInput(value=value)}


def test_a_tuple_of_literals_is_checked_as_a_tuple() -> None:
    """The items of a tuple are compared with the tuple's annotation."""
    items = (ValueInput(value=2), ValueInput(value="b"))
    assert compiled_call(pair=(2, "b")).inputs == {"pair": ListInput(items=items, tuple_=True)}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", "three", "valid integer"),
        ("frame", 3, "instance of DataFrame"),
        ("settings", {"depth": "deep"}, r"\['depth'\].*valid integer"),
        ("pair", (2, "b", 3), "at most 2 items"),
        ("frame_or_implicit_none", "data.csv", "instance of DataFrame"),
    ],
)
def test_a_literal_that_contradicts_its_annotation_is_refused(
    name: str, value: Any, message: str
) -> None:
    """What can only fail on the worker fails when the pipeline is compiled."""
    with pytest.raises(CompileError, match=message) as raised:
        compiled_call(**{name: value})
    assert raised.value.parameter == name


def test_a_handle_is_not_checked_against_the_annotation() -> None:
    """What a reference resolves to is known only when the step starts."""
    handle: Any = lazy_artifact_version(parse_reference("m@1"))
    made = compiled_call(count=handle, pair=(1, handle))
    assert made.inputs["count"] == ReferenceInput(reference=handle.reference)


@step
def gathers(
    many: list[float], one: float = 0.0, nested: dict[str, list[float]] | None = None
) -> float:
    """Takes a list, one value, and lists within a dict."""
    return sum(many) + one + (0 if nested is None else len(nested))


@pipeline
def gathering() -> None:
    """Call the step with the arguments that are on top."""
    gathers(**_arguments.pop())


def _one() -> Any:
    return lazy_artifact_version(parse_reference("m@1"))


def _several() -> Any:
    return lazy_artifact_version(parse_reference("m?take=2"))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: {"many": [_one()], "one": [_one()]}, "'one': it takes float and is given a list"),
        (lambda: {"many": {"a": _one()}}, r"'many': it takes list\[float\] and is given a dict"),
        (lambda: {"many": (_one(),)}, r"'many': it takes list\[float\] and is given a tuple"),
        (lambda: {"many": [_one()], "one": _several()}, "'one': .* is given a list"),
        (lambda: {"many": [[_one()]]}, "'many': it takes float and is given a list"),
        (lambda: {"many": [_one()], "nested": {"a": {"b": _one()}}}, "'nested': .* given a dict"),
    ],
    ids=range(6),
)
def test_a_list_is_refused_where_one_value_is_wanted(
    make: Callable[[], dict[str, Any]], problem: str
) -> None:
    """Handles and references within it or not."""
    _arguments.append(make())
    with pytest.raises(CompileError, match=problem):
        gathering.compile()


def test_lists_of_references_are_taken_where_lists_are_wanted() -> None:
    """At each level."""
    _arguments.append({"many": _several(), "nested": {"a": [_one()], "b": _several()}})
    assert len(gathering.compile().spec.steps) == 1
