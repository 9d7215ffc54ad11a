"""What type checkers see of steps, pipelines and handles; checked, never run."""

from collections.abc import Callable
from typing import Annotated, Any, assert_type

from raincheck.authoring import (
    CompiledPipeline,
    ExternalArtifact,
    LazyArtifactVersion,
    LazyMetadata,
    LazyRunMetadata,
    Pipeline,
    Step,
    lazy_artifact_version,
    pipeline,
    step,
)
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.references import Reference


class Frame:
    """Stands for a data frame."""


class Model:
    """Stands for an estimator."""


@step
def load(path: str, rows: int = 10) -> Frame:
    """A step without options."""
    raise NotImplementedError


@step(retries=2, queue="gpu")
def train(data: Frame, *, depth: int) -> tuple[Annotated[Model, "model"], float]:
    """A step with options and two outputs."""
    raise NotImplementedError


@step
def report(model: Model, metric: float) -> None:
    """A step without outputs."""


@pipeline
def nightly(path: str) -> Model:
    # A call of a step has the type of the function's return value.
    """A pipeline with a result."""
    data = load(path)
    assert_type(data, Frame)
    model, _score = train(data, depth=3)
    assert_type(model, Model)

    # What a handle gives for a step call is Any, and so fits every parameter.
    production = lazy_artifact_version(Reference(artifact="model"))
    assert_type(production, LazyArtifactVersion)
    assert_type(production.value, Any)
    assert_type(production.run_metadata, LazyRunMetadata)
    assert_type(production.run_metadata["MSE"], LazyMetadata)
    assert_type(production.run_metadata["per_class"]["a"][0].value, Any)
    report(production.value, production.run_metadata["MSE"].value)

    # An external artifact has the type of the value that the step will receive.
    assert_type(ExternalArtifact(value=Frame(), name="frame"), Frame)
    train(ExternalArtifact(value=Frame()), depth=1)
    report.after(model)(model, 0.5)

    # Wrong calls are errors of the checkers; each of these comments would be unused if not.
    load(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - what is checked
    train(data)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] - what is checked
    train(ExternalArtifact(value=Model()), depth=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - what is checked
    report.after(model)(model)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] - what is checked
    production.digest  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnusedExpression] # noqa: B018 - what is checked
    production.run_metadata[0]  # type: ignore[index] # pyright: ignore[reportArgumentType, reportUnusedExpression]
    return model


assert_type(load, Step[[str, int], Frame])  # type: ignore[assert-type] # pyright: ignore[reportAssertTypeFailure] - names and defaults are kept, which no type expression can write
assert_type(report.function_path, str)
assert_type(nightly("a.csv"), Model)
assert_type(nightly.compile("a.csv"), CompiledPipeline)
assert_type(nightly.delay("a.csv"), RunHandle)
assert_type(nightly.apply_async(("a.csv",), countdown=3, queue="gpu"), RunHandle)
nightly.delay(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - what is checked


@pipeline(name="hourly", bind="run")
def renamed() -> None:
    """A pipeline with options."""


assert_type(renamed, Pipeline[[], None])
as_callable: Callable[[str], Frame] = load
pipeline(bind="later")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType] - what is checked
