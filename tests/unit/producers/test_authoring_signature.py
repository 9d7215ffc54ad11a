from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Union

import pytest

from raincheck.authoring import step
from raincheck.authoring.outputs import OutputPort, Outputs, read_outputs
from raincheck.authoring.signature import FunctionSignature
from raincheck_contracts.errors import DefinitionError

if TYPE_CHECKING:
    from decimal import Decimal


def ports(function: Callable[..., object]) -> list[tuple[str, object, bool, bool]]:
    """The parameters of a function as tuples."""
    signature = FunctionSignature(function)
    return [(p.name, p.annotation, p.required, p.keyword_only) for p in signature.parameters]


def test_parameters_are_read_in_order() -> None:
    """Name, annotation, default and kind of each parameter are kept."""

    def train(data: list[int], depth: int = 3, *, seed: int, verbose=False) -> None: ...  # type: ignore[no-untyped-def]  # pyright: ignore[reportMissingParameterType, reportUnknownParameterType] - what is tested

    assert ports(train) == [
        ("data", list[int], True, False),
        ("depth", int, False, False),
        ("seed", int, True, True),
        ("verbose", Any, False, True),
    ]


def test_string_annotations_may_name_what_is_defined_later() -> None:
    """Annotations are resolved at first need, when the module is complete."""
    assert ports(uses_later) == [("later", Later, True, False)]
    assert FunctionSignature(uses_later).outputs.ports[0].annotation is Later


def uses_later(later: Later) -> Annotated[Later, "later"]:
    """Name a class that is defined below."""
    return later


class Later:
    """Defined below the function that names it."""


def test_a_name_that_cannot_be_found_is_named() -> None:
    """An annotation imported for type checkers only is an error that names it."""

    def pay(amount: Decimal) -> None: ...

    with pytest.raises(DefinitionError, match=r"'Decimal' names nothing.*TYPE_CHECKING"):
        _ = FunctionSignature(pay).parameters


def test_an_annotation_that_cannot_be_evaluated_is_an_error() -> None:
    """Other faults of an annotation are reported with their reason."""

    def pay(amount) -> None: ...  # type: ignore[no-untyped-def] # pyright: ignore[reportMissingParameterType, reportUnknownParameterType] - what is tested

    pay.__annotations__["amount"] = "int | 3"
    with pytest.raises(DefinitionError, match="an annotation cannot be evaluated"):
        _ = FunctionSignature(pay).parameters


def any_positional(*values: int) -> None:
    """Take any number of values."""


def any_keyword(**values: int) -> None:
    """Take values of any name."""


def positional_only(value: int, /) -> None:
    """Take a value that has no name."""


async def coroutine() -> None:
    """Return a coroutine."""


def generator() -> Iterator[int]:
    """Yield."""
    yield 1


async def async_generator() -> AsyncIterator[int]:
    """Yield asynchronously."""
    yield 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (any_positional, "'values' takes any number of positional arguments"),
        (any_keyword, "'values' takes any keyword argument"),
        (positional_only, "'value' is positional-only"),
        (coroutine, "a coroutine function"),
        (generator, "a generator function"),
        (async_generator, "an asynchronous generator function"),
        (int, "not a plain function"),
        (functools.partial(uses_later), "not a plain function"),
    ],
)
def test_a_function_that_cannot_be_a_step_is_refused_where_it_is_decorated(
    function: Callable[..., object], message: str
) -> None:
    """What has no named parameters or no plain return value is refused at once."""
    with pytest.raises(DefinitionError, match=message):
        step(function)


@pytest.mark.parametrize("annotation", [None, type(None)])
def test_none_is_no_output(annotation: object) -> None:
    """`-> None` declares that nothing is published."""
    assert read_outputs("train", annotation) == Outputs(())


def test_an_unannotated_step_has_an_optional_output() -> None:
    """Without a return annotation the output exists only if something is returned."""

    def train(): ...  # type: ignore[no-untyped-def] # noqa: ANN202, RUF100 - what is tested

    outputs = FunctionSignature(train).outputs
    assert outputs == Outputs((OutputPort("output", Any, optional=True),))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, Outputs((OutputPort("output", int),))),
        (Any, Outputs((OutputPort("output", Any),))),
        (
            Annotated[float, "predictions"],
            Outputs((OutputPort("predictions", float, artifact="predictions"),)),
        ),
        (Annotated[float, 3], Outputs((OutputPort("output", float),))),
        (
            Annotated[tuple[int, ...], "shape"],
            Outputs((OutputPort("shape", tuple[int, ...], artifact="shape"),)),
        ),
        (
            tuple[Annotated[int, "x"], Annotated[str, "y"]],
            Outputs((OutputPort("x", int, "x"), OutputPort("y", str, "y")), unpacked=True),
        ),
        (
            tuple[int, Annotated[str, "y"]],
            Outputs((OutputPort("output_0", int), OutputPort("y", str, "y")), unpacked=True),
        ),
        (tuple[int], Outputs((OutputPort("output_0", int),), unpacked=True)),
    ],
    ids=str,
)
def test_outputs_are_read_from_the_return_annotation(annotation: object, expected: Outputs) -> None:
    """One output, a named one, or one per item of a tuple of fixed length."""
    assert read_outputs("train", annotation) == expected


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (tuple[int, ...], "a tuple of unknown length"),
        (tuple, "a tuple of unknown length"),
        (tuple[()], "a tuple of unknown length"),
        (tuple[Annotated[int, "x"], Annotated[str, "x"]], "two outputs are named 'x'"),
        (tuple[Annotated[int, "output_1"], str], "two outputs are named 'output_1'"),
        (Annotated[int, "a", "b"], "one output has the names a, b"),
        (Annotated[int, "Predictions"], "'Predictions' cannot be the name"),
        (Annotated[int, "with space"], "'with space' cannot be the name"),
        (Annotated[int, "x" * 65], "cannot be the name"),
        (Annotated[int, "name\n"], "cannot be the name"),
        (Annotated[int, "2d"], "'2d' cannot be the name"),
        (
            Union[Annotated[int, "scores"], str],  # noqa: UP007 - pyright knows no other
            "'scores' is inside a union",
        ),
    ],
    ids=str,
)
def test_outputs_that_cannot_be_named_are_refused(annotation: object, message: str) -> None:
    """Each output needs one valid name that no other output of the step has."""
    with pytest.raises(DefinitionError, match=message):
        read_outputs("train", annotation)
