import threading
from collections.abc import Callable
from datetime import date
from enum import IntEnum
from typing import Annotated, Any, cast

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from sklearn.base import ClassifierMixin

from raincheck.authoring import (
    ExternalArtifact,
    Pipeline,
    compiling,
    lazy_artifact_version,
    pipeline,
    step,
)
from raincheck_contracts.errors import CompileError, DefinitionError
from raincheck_contracts.pipelines import (
    DictInput,
    ListInput,
    OutputInput,
    OutputSpec,
    PipelineSpec,
    ReferenceInput,
    StepSpec,
    ValueInput,
)
from raincheck_contracts.reference_text import parse_reference
from tests.unit.producers import test_authoring_step as other_module

HERE = __name__


def lazy(text: str) -> Any:
    """The handle for a reference, as the client returns it."""
    return lazy_artifact_version(parse_reference(text))


def reference(text: str) -> ReferenceInput:
    """The input that refers to it."""
    return ReferenceInput(reference=parse_reference(text))


RUNS = "a step does not run while its pipeline is compiled"


@step
def predict(
    model1: ClassifierMixin,
    model2: ClassifierMixin,
    model1_metric: float,
    model2_metric: float,
    data: pd.DataFrame,
) -> Annotated[pd.Series, "predictions"]:
    """The step of the design that predicts."""
    raise AssertionError(RUNS, model1, model2, model1_metric, model2_metric, data)


@step
def load_data() -> pd.DataFrame:
    """The step of the design that loads."""
    raise AssertionError(RUNS)


@step(retries=2, retry_delay=0.5, timeout=60, queue="gpu")
def split(data: pd.DataFrame) -> tuple[Annotated[Any, "train"], Annotated[Any, "test"]]:
    """A step with options and two outputs."""
    raise AssertionError(RUNS, data)


@step
def keep(value: Any = None, *, label: str = "none") -> Any:
    """A step that takes anything."""
    return value, label


@step
def log_it(value: int = 0) -> None:
    """A step without outputs."""


@step
def undeclared(value):  # type: ignore[no-untyped-def] # pyright: ignore[reportMissingParameterType, reportUnknownParameterType] # noqa: ANN001, ANN201, RUF100 - what is tested
    """A step without annotations."""
    return value


@pipeline
def do_predictions() -> None:
    """The pipeline of the design."""
    model_42 = lazy("trained_model@42")
    metric_42 = model_42.run_metadata["MSE"].value
    model_latest = lazy("trained_model:latest")
    metric_latest = model_latest.run_metadata["MSE"].value
    predict(
        model1=model_42,
        model2=model_latest,
        model1_metric=metric_42,
        model2_metric=metric_latest,
        data=load_data(),
    )


def test_the_example_of_the_design_compiles_to_pure_data() -> None:
    """References stay references; the result names functions, inputs and order only."""
    assert do_predictions.compile().spec == PipelineSpec(
        name="do_predictions",
        function=f"{HERE}:do_predictions",
        steps=(
            StepSpec(
                name="load_data",
                function=f"{HERE}:load_data",
                outputs=(OutputSpec(name="output", artifact="do_predictions.load_data.output"),),
            ),
            StepSpec(
                name="predict",
                function=f"{HERE}:predict",
                inputs={
                    "model1": reference("trained_model@42"),
                    "model2": reference("trained_model:latest"),
                    "model1_metric": reference("trained_model@42#/MSE"),
                    "model2_metric": reference("trained_model:latest#/MSE"),
                    "data": OutputInput(step="load_data", output="output"),
                },
                outputs=(OutputSpec(name="predictions", artifact="predictions"),),
                after=("load_data",),
            ),
        ),
    )


# What the pipeline `calls` does: set by `compiled`, read while it is compiled.
_body: list[Callable[[], object]] = []


@pipeline
def calls() -> object:
    """A pipeline of whatever body is on top."""
    return _body[-1]()


def compiled(body: Callable[[], object], of: Pipeline[[], Any] = calls) -> PipelineSpec:
    """Compile a pipeline with that body."""
    _body.append(body)
    try:
        return of.compile().spec
    finally:
        _body.pop()


def input_of(value: Any) -> object:
    """The input that a step gets for one value."""
    return compiled(lambda: keep(value)).steps[0].inputs["value"]


def test_options_of_a_step_are_in_its_specification() -> None:
    """Queue, retries, delay and timeout travel with the step."""
    made = compiled(lambda: split(load_data())).steps[1]
    assert (made.queue, made.retries, made.retry_delay, made.timeout) == ("gpu", 2, 0.5, 60.0)


def test_a_tuple_of_outputs_is_unpacked() -> None:
    """A step that returns a tuple gives one handle per item."""

    def body() -> None:
        train, test = split(load_data())
        keep([train, test])

    spec = compiled(body)
    assert spec.steps[1].outputs == (
        OutputSpec(name="train", artifact="train"),
        OutputSpec(name="test", artifact="test"),
    )
    assert spec.steps[2].inputs["value"] == ListInput(
        items=(OutputInput(step="split", output="train"), OutputInput(step="split", output="test"))
    )
    assert spec.steps[2].after == ("split",)


def test_later_calls_of_a_step_are_numbered() -> None:
    """The first call has the function's name, later ones `_2`, `_3`."""
    spec = compiled(lambda: [keep(keep(keep(1)))])
    assert [made.name for made in spec.steps] == ["keep", "keep_2", "keep_3"]
    assert [made.outputs[0].artifact for made in spec.steps] == [
        "calls.keep.output",
        "calls.keep_2.output",
        "calls.keep_3.output",
    ]


@step(name="keep_2")
def named_like_a_later_call() -> int:
    """A step whose name is that of the second call of another."""
    return 1


def test_a_number_that_is_taken_is_passed_over() -> None:
    """A step that is named like another's second call does not replace it."""
    spec = compiled(lambda: [named_like_a_later_call(), keep(1), keep(2)])
    assert [made.name for made in spec.steps] == ["keep_2", "keep", "keep_3"]


def test_a_step_of_another_module_keeps_its_path() -> None:
    """The path names the module that defines the step, under its own name."""
    made = compiled(lambda: other_module.four_times(2)).steps[0]
    assert made.function == f"{other_module.__name__}:four_times"
    assert made.name == "quadruple"


def test_defaults_are_left_to_the_function() -> None:
    """A parameter that the call leaves out is no input."""
    assert compiled(keep).steps[0].inputs == {}
    assert compiled(lambda: keep(label="a")).steps[0].inputs == {"label": ValueInput(value="a")}


def test_a_step_without_outputs_publishes_nothing() -> None:
    """`-> None` gives no output; the call can only be ordered by."""
    spec = compiled(lambda: [load_data.after(log_it(1))()])
    assert spec.steps[0].outputs == ()
    assert spec.steps[1].after == ("log_it",)


def test_a_step_without_annotations_takes_and_returns_anything() -> None:
    """Unannotated parameters accept any input and there is one output."""
    made = compiled(lambda: cast("Any", undeclared)({"a": [1]})).steps[0]
    assert made.inputs == {"value": ValueInput(value={"a": [1]})}
    assert made.outputs[0].name == "output"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ValueInput(value=None)),
        (True, ValueInput(value=True)),
        (2**70, ValueInput(value=2**70)),
        (0.1, ValueInput(value=0.1)),
        ("text", ValueInput(value="text")),
        ([], ValueInput(value=[])),
        ([1, [2.5, {"a": None}]], ValueInput(value=[1, [2.5, {"a": None}]])),
        ({}, ValueInput(value={})),
        ((), ListInput(items=(), tuple_=True)),
        ((1, [2]), ListInput(items=(ValueInput(value=1), ValueInput(value=[2])), tuple_=True)),
        ([(1,)], ListInput(items=(ListInput(items=(ValueInput(value=1),), tuple_=True),))),
        (lazy("m@1"), reference("m@1")),
        ([1, lazy("m@1")], ListInput(items=(ValueInput(value=1), reference("m@1")))),
        (
            {"a": 1, "b": [lazy("m@1").run_metadata["MSE"]]},
            DictInput(
                items={"a": ValueInput(value=1), "b": ListInput(items=(reference("m@1#/MSE"),))}
            ),
        ),
    ],
    ids=lambda value: f"{value!r:.60}",
)
def test_a_value_becomes_an_input(value: Any, expected: object) -> None:
    """Plain JSON is kept as it is; handles are found in lists, tuples and dicts."""
    assert input_of(value) == expected


class Color(IntEnum):
    """A number with a name."""

    RED = 1


class Settings(BaseModel):
    """A pydantic model."""

    depth: int = 3


class Words(list[str]):
    """A list with a name."""


def nested(levels: int) -> object:
    """A list within a list, so often."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def cycle() -> object:
    """A list that contains itself."""
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (pd.DataFrame(), "pandas.DataFrame is not a JSON type"),
        (np.zeros(1), "numpy.ndarray is not a JSON type"),
        (np.float64(1), "numpy.float64 is not a JSON type"),
        (Settings(), "Settings is not a JSON type"),
        (Color.RED, "Color is not a JSON type"),
        (date(2026, 1, 1), "datetime.date is not a JSON type"),
        (b"bytes", "bytes is not a JSON type"),
        ({1, 2}, "set is not a JSON type"),
        (Words(["a"]), "Words is not a JSON type"),
        (float("nan"), "JSON has no nan"),
        (float("inf"), "JSON has no inf"),
        ("\ud800", "surrogate"),
        ({1: "a"}, "the key 1 is int"),
        (1 << 20_000, "more than 14000 bits"),
        (nested(60), "nested deeper than 48 levels"),
        (cycle(), "nested deeper than 48 levels"),
        ([{"a": pd.DataFrame()}], "pandas.DataFrame is not a JSON type"),
    ],
    ids=lambda value: f"{value!r:.60}" if not isinstance(value, int) else "integer",
)
def test_a_value_that_json_would_change_is_refused(value: Any, message: str) -> None:
    """The error names pipeline, step and parameter, and the way out."""
    with pytest.raises(CompileError, match=message) as raised:
        input_of(value)
    error = raised.value
    assert (error.pipeline, error.step, error.parameter) == ("calls", "keep", "value")
    if "deeper" not in message:
        assert "ExternalArtifact(value=...)" in error.remedy


@pytest.mark.parametrize(
    ("called", "args", "kwargs", "parameter", "message"),
    [
        (keep, (1, 2), {}, "", "takes 1 positional arguments but 2 were given"),
        (keep, (), {"valeu": 1}, "valeu", "did you mean 'value'"),
        (keep, (), {"zzz": 1}, "zzz", "it takes value, label"),
        (keep, (1,), {"value": 1}, "value", "by position and by name"),
        (split, (), {}, "data", "is missing"),
        (load_data, (1,), {}, "", "takes 0 positional arguments"),
        (load_data, (), {"zzz": 1}, "zzz", "it takes no parameters"),
    ],
    ids=["many", "misspelt", "unknown", "twice", "missing", "many for none", "none known"],
)
def test_arguments_that_do_not_fit_are_named(
    called: Any, args: tuple[Any, ...], kwargs: dict[str, Any], parameter: str, message: str
) -> None:
    """A wrong call is an error of the compilation that names the parameter."""
    with pytest.raises(CompileError, match=message) as raised:
        compiled(lambda: called(*args, **kwargs))
    assert raised.value.parameter == parameter


def test_the_metadata_as_a_whole_is_no_value() -> None:
    """A step takes an entry of the metadata, not all of it."""
    with pytest.raises(CompileError, match="the metadata of m@1 is no value"):
        input_of(lazy("m@1").run_metadata)


def test_a_step_that_returns_nothing_cannot_be_an_argument() -> None:
    """The error says how to order two steps without a value between them."""
    with pytest.raises(CompileError, match=r"'log_it' returns nothing.*after\(handle\)"):
        compiled(lambda: keep(log_it(1)))


def test_a_handle_of_another_compilation_is_refused() -> None:
    """An output belongs to one run; kept in a global it means nothing in the next."""
    kept: list[Any] = []
    compiled(lambda: kept.append(load_data()))
    with pytest.raises(CompileError, match="belongs to another compilation"):
        compiled(lambda: keep(kept[0]))
    with pytest.raises(CompileError, match="no step of this pipeline returned"):
        compiled(lambda: keep.after(kept[0])(1))


def test_after_takes_the_outputs_of_a_step_that_returns_a_tuple() -> None:
    """Explicit order and order by data are one list, in the order of the pipeline."""

    def body() -> None:
        first = log_it(1)
        parts = split(load_data())
        keep.after(parts, first)(load_data())

    assert compiled(body).steps[-1].after == ("log_it", "split", "load_data_2")


@pytest.mark.parametrize("wrong", [3, "load_data", None])
def test_after_takes_only_what_steps_returned(wrong: object) -> None:
    """A name or a value orders nothing."""
    with pytest.raises(CompileError, match="no step of this pipeline returned"):
        compiled(lambda: keep.after(wrong)(1))


def test_compiling_is_true_only_inside_of_the_pipeline_function() -> None:
    """A client asks this to decide whether its answers are lazy."""
    seen: list[bool] = []

    def body() -> None:
        seen.append(compiling())
        load_data()

    compiled(body)
    assert seen == [True]
    assert not compiling()


def test_compiling_ends_when_the_pipeline_function_raises() -> None:
    """What the function raises passes through unchanged, and the context is left."""
    error = ZeroDivisionError("mine")

    def body() -> None:
        raise error

    with pytest.raises(ZeroDivisionError) as raised:
        compiled(body)
    assert raised.value is error
    assert not compiling()


def test_another_thread_is_not_part_of_the_compilation() -> None:
    """A step called in another thread runs plainly there, and is not recorded."""
    results: list[object] = []

    def body() -> None:
        load_data()
        thread = threading.Thread(target=lambda: results.append(keep(1)))
        thread.start()
        thread.join()

    assert [made.name for made in compiled(body).steps] == ["load_data"]
    assert results == [(1, "none")]


def test_the_store_of_external_artifacts_runs_outside_of_the_compilation() -> None:
    """What stores a value may use the client, which must be the eager one."""
    seen: list[bool] = []

    def store(external: object) -> Any:
        seen.append(compiling())
        assert external is not None
        return parse_reference("external@one")

    _body.append(lambda: keep([ExternalArtifact(value=pd.DataFrame())]))
    made = calls.compile_with(store, (), {}).spec.steps[0]
    _body.pop()
    assert seen == [False]
    assert made.inputs["value"] == ListInput(items=(reference("external@one"),))


@step
def forgot_import(value: "NotImported") -> None:  # type: ignore[name-defined] # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType] # noqa: F821 - what is tested
    """A step whose annotation names nothing."""


def test_an_annotation_that_names_nothing_fails_the_compilation() -> None:
    """The step's declaration is at fault, and the error says which name."""
    with pytest.raises(DefinitionError, match="'NotImported' names nothing"):
        compiled(lambda: forgot_import(1))
