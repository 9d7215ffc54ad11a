from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

import pandas as pd
import pytest
from pydantic import BaseModel, Field, Strict

from raincheck.authoring import Pipeline, find_pipeline, pipeline, registered_pipelines, step
from raincheck_contracts.errors import DefinitionError, ParameterError
from raincheck_contracts.pipelines import ValueInput

HERE = __name__


class Mode(StrEnum):
    """A parameter of few values."""

    FAST = "fast"


class Split(BaseModel):
    """A parameter with fields, one of them under an alias."""

    share: float = Field(default=0.2, alias="test_share")


@step
def keep(value: Any) -> Any:
    """Return the value."""
    return value


def nested(levels: int) -> object:
    """A list within a list, so often."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


_seen: list[dict[str, Any]] = []


@pipeline
def typed(  # noqa: PLR0913 - one parameter per kind of annotation
    count: int = 1,
    *,
    day: date = date(2026, 1, 1),
    mode: Mode = Mode.FAST,
    split: Split | None = None,
    sizes: tuple[int, ...] = (),
    pause: timedelta = timedelta(0),
    anything: Any = None,
    frame: pd.DataFrame | None = None,
    exact: Annotated[date, Strict()] | None = None,
    size: Annotated[int, Field(ge=1)] = 1,
) -> None:
    """Take one parameter of each kind."""
    _seen.append(dict(locals()))
    keep(count)


@pipeline
def plain(a, b: int = 2):  # type: ignore[no-untyped-def] # pyright: ignore[reportMissingParameterType, reportUnknownParameterType] # noqa: ANN001, ANN201, RUF100 - what is tested
    """Take one parameter without an annotation."""
    keep([a, b])


@pytest.mark.parametrize(
    ("name", "given", "value", "recorded"),
    [
        ("count", "3", 3, 3),
        ("count", 3.0, 3, 3),
        ("day", "2026-02-03", date(2026, 2, 3), "2026-02-03"),
        ("day", date(2026, 2, 3), date(2026, 2, 3), "2026-02-03"),
        ("mode", "fast", Mode.FAST, "fast"),
        ("split", {"test_share": "0.5"}, Split(test_share=0.5), {"test_share": 0.5}),
        ("split", Split(test_share=0.5), Split(test_share=0.5), {"test_share": 0.5}),
        ("sizes", [1, "2"], (1, 2), [1, 2]),
        ("pause", 1.5, timedelta(seconds=1.5), "PT1.5S"),
        ("anything", {"a": [1]}, {"a": [1]}, {"a": [1]}),
    ],
)
def test_a_parameter_is_coerced_and_recorded_as_json(
    name: str, given: object, value: object, recorded: object
) -> None:
    """The function gets what its annotation says; the record has the JSON of it."""
    compiled = typed.compile_with(_never, (), {name: given})
    assert _seen[-1][name] == value
    assert type(_seen[-1][name]) is type(value)
    assert compiled.parameters == {name: recorded}


@pytest.mark.parametrize("name", ["count", "day", "mode", "split", "sizes", "pause"])
def test_recorded_parameters_compile_to_the_same_pipeline(name: str) -> None:
    """A worker that has only the record makes the same specification of it."""
    given = {"count": 3, "day": date(2026, 2, 3), "mode": Mode.FAST, "pause": timedelta(days=1)}
    given |= {"split": Split(test_share=0.5), "sizes": (1, 2)}
    first = typed.compile_with(_never, (), {name: given[name]})
    assert typed.compile_with(_never, (), first.parameters) == first


def _never(external: object) -> Any:
    raise AssertionError(external)


def test_defaults_are_not_recorded() -> None:
    """What the caller left out stays with the function."""
    assert plain.compile(1).parameters == {"a": 1}
    assert typed.compile().parameters == {}


def test_the_record_is_a_copy() -> None:
    """What the pipeline function does to an argument does not change the record."""
    given = {"a": [1]}
    compiled = plain.compile(given)
    given["a"].append(2)
    assert compiled.parameters == {"a": {"a": [1]}}


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"count": "three"}, r"count: .*valid integer.*given 'three'"),
        ({"mode": "slow"}, "mode: "),
        ({"size": 0}, "size: .*greater than or equal to 1"),
        ({"split": {"test_share": "half"}}, r"split: \['test_share'\]: .*given 'half'"),
        ({"frame": 3}, "frame: .*instance of DataFrame"),
        ({"frame": pd.DataFrame()}, "frame: cannot be kept as JSON"),
        ({"anything": pd.DataFrame()}, "anything: cannot be kept as JSON .pandas.DataFrame"),
        ({"anything": (1, 2)}, "anything: cannot be kept as JSON .tuple"),
        (
            {"anything": [float("nan")]},
            r"anything: cannot be kept as JSON .at \[0\]: JSON has no nan",
        ),
        ({"anything": nested(60)}, "nested deeper than 48 levels"),
        ({"exact": date(2026, 2, 3)}, "exact: its JSON form is refused again"),
        ({"cuont": 3}, "cuont: is not a parameter; did you mean 'count'"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(kwargs: dict[str, Any], message: str) -> None:
    """The error names the parameter, the reason and what was given."""
    with pytest.raises(ParameterError, match=message):
        typed.compile(**kwargs)


def test_every_wrong_parameter_is_listed() -> None:
    """One error tells all that has to be mended."""
    with pytest.raises(ParameterError) as raised:
        typed.compile_with(_never, (), {"count": "x", "size": 0, "seize": 1})
    wrong = [line.split(":")[0] for line in raised.value.problem.split("; ") if ": " in line]
    assert wrong == ["seize", "count", "size"]
    with pytest.raises(ParameterError, match="a: is missing"):
        plain.compile_with(_never, (), {})
    with pytest.raises(ParameterError, match="takes 2 positional arguments but 3"):
        plain.compile_with(_never, (1, 2, 3), {})


def test_parameters_become_inputs_of_steps() -> None:
    """A parameter is a known value when the pipeline is compiled."""
    compiled = plain.compile(1, b=5)
    assert compiled.spec.steps[0].inputs == {"value": ValueInput(value=[1, 5])}


def test_a_pipeline_is_found_by_its_path() -> None:
    """Decoration registers the pipeline; a later one of that path replaces it."""
    assert find_pipeline(f"{HERE}:typed") is typed
    assert typed in registered_pipelines()
    paths = [found.function_path for found in registered_pipelines()]
    assert paths == sorted(paths)

    def reloaded() -> None: ...

    reloaded.__qualname__ = "reloaded"
    _first, second = pipeline(reloaded), pipeline(reloaded)
    assert find_pipeline(f"{HERE}:reloaded") is second


def test_a_local_pipeline_cannot_be_compiled() -> None:
    """A worker could not import it."""

    @pipeline
    def local() -> None:
        keep(1)

    with pytest.raises(DefinitionError, match="local: it is defined inside a function"):
        local.compile()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bind": "later"}, "bind='later'"), ({"name": "a b"}, "'a b' cannot be its name")],
)
def test_an_option_that_means_nothing_is_refused(options: dict[str, Any], message: str) -> None:
    """Options are checked where the pipeline is decorated."""

    def named() -> None: ...

    with pytest.raises(DefinitionError, match=message):
        pipeline(**options)(named)


def test_a_pipeline_looks_like_its_function() -> None:
    """Name and parameters are those of the function."""
    assert getattr(plain, "__name__", "") == "plain"
    assert repr(plain) == "<pipeline plain>"
    assert [port.name for port in plain.parameters] == ["a", "b"]


@pipeline(name="renamed", bind="run")
def with_options() -> None:
    """A pipeline with both options."""
    keep(1)


def test_the_options_of_a_pipeline_are_in_its_specification() -> None:
    """Name and binding scope travel; the path stays the function's."""
    spec = with_options.compile().spec
    assert (spec.name, spec.bind, spec.function) == ("renamed", "run", f"{HERE}:with_options")


def any_keyword(**values: int) -> None:
    """Take parameters of any name."""


@pytest.mark.parametrize("function", [any_keyword])
def test_a_pipeline_needs_named_parameters(function: Callable[..., None]) -> None:
    """Parameters are recorded by name."""
    with pytest.raises(DefinitionError, match="takes any keyword argument"):
        Pipeline(function)
