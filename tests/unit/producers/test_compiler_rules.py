from collections.abc import Callable
from typing import Annotated, Any

import pandas as pd
import pytest

from raincheck.authoring import (
    ExternalArtifact,
    Pipeline,
    lazy_artifact_version,
    pipeline,
    step,
)
from raincheck.authoring.rules import MAX_STEP_BYTES
from raincheck_contracts.errors import CompileError, MessageTooLargeError
from raincheck_contracts.pipelines import (
    DictInput,
    ListInput,
    OutputInput,
    PipelineSpec,
    ValueInput,
)
from raincheck_contracts.reference_text import parse_reference


def lazy(text: str) -> Any:
    """The handle for a reference, as the client returns it."""
    return lazy_artifact_version(parse_reference(text))


@step
def train(seed: Any = 0) -> Annotated[Any, "trained_model"]:
    """A step that publishes under a name."""
    return seed


@step
def evaluate(model: Any, metric: Any = None) -> Any:
    """A step with an unnamed output."""
    return model, metric


@step
def report(value: Any = None) -> None:
    """A step without outputs."""
    assert value != 0


_body: list[Callable[[], object]] = []


@pipeline
def unbound() -> object:
    """A pipeline that does not say when it binds."""
    return _body[-1]()


@pipeline(bind="step")
def by_step() -> object:
    """A pipeline that binds per step."""
    return _body[-1]()


@pipeline(bind="run")
def by_run() -> object:
    """A pipeline that binds once."""
    return _body[-1]()


def compiled(body: Callable[[], object], of: Pipeline[[], Any] = unbound) -> PipelineSpec:
    """Compile a pipeline with that body."""
    _body.append(body)
    try:
        return of.compile().spec
    finally:
        _body.pop()


def refusal(body: Callable[[], object]) -> CompileError:
    """The error that compiling that body raises."""
    with pytest.raises(CompileError) as raised:
        compiled(body)
    return raised.value


FLOATING = ["m:latest", "m:production", "m?min=MSE", "m?tag=nightly", "m?where=MSE<0.2"]


@pytest.mark.parametrize("text", FLOATING)
def test_one_floating_handle_in_two_steps_needs_bind(text: str) -> None:
    """It could become two versions, so the author must say what is meant."""

    def body() -> None:
        model = lazy(text)
        evaluate(model)
        report(model)

    error = refusal(body)
    assert "'evaluate' and 'report' both use m" in error.problem
    assert '@pipeline(bind="run") binds it once' in error.remedy
    assert '@pipeline(bind="step") lets each step' in error.remedy
    assert compiled(body, by_step).bind == "step"
    assert compiled(body, by_run).bind == "run"


def test_the_metadata_of_a_floating_handle_counts_as_the_handle() -> None:
    """A model in one step and its metric in another could be of two versions."""

    def body() -> None:
        model = lazy("m:latest")
        evaluate(model)
        report(model.run_metadata["MSE"])

    assert "'evaluate' and 'report' both use m:latest" in refusal(body).problem


def test_equal_handles_made_apart_count_as_one() -> None:
    """Asking the client twice, with another wait, does not hide the question."""
    patient = lazy_artifact_version(parse_reference("m:latest", wait=60))
    error = refusal(lambda: [evaluate([lazy("m:latest")]), report({"a": patient})])
    assert "'evaluate' and 'report'" in error.problem


def test_two_calls_of_one_step_are_two_steps() -> None:
    """The rule is about executions, not about functions."""
    error = refusal(lambda: [evaluate(lazy("m:latest")), evaluate(lazy("m:latest"))])
    assert "'evaluate' and 'evaluate_2'" in error.problem


@pytest.mark.parametrize(
    "body",
    [
        lambda: evaluate(lazy("m:latest"), lazy("m:latest").run_metadata["MSE"]),
        lambda: [evaluate(lazy("m@3")), report(lazy("m@3").run_metadata["MSE"])],
        lambda: [evaluate(lazy("m:latest")), report(lazy("m:production"))],
        lambda: [evaluate(lazy("m:latest")), report(lazy("other:latest"))],
        lambda: [evaluate(lazy("m?min=MSE")), report(lazy("m?max=MSE"))],
    ],
    ids=["one step", "a version", "another alias", "another artifact", "another mode"],
)
def test_handles_that_cannot_differ_need_no_bind(body: Callable[[], object]) -> None:
    """One step, a fixed version, or different references: nothing to decide."""
    assert compiled(body).bind == "step"


def test_a_reference_to_the_pipelines_own_artifact_is_refused() -> None:
    """The error names the step that uses and the step that publishes it."""
    error = refusal(lambda: [evaluate(lazy("trained_model:latest")), train()])
    assert error.step == "evaluate"
    assert "step 'train' of the same pipeline publishes 'trained_model'" in error.problem
    assert error.remedy == "Use the step's return value"


def test_the_artifact_of_an_unnamed_output_is_the_pipelines_own_too() -> None:
    """Its full name can be referred to, but not from within."""
    error = refusal(
        lambda: [evaluate(1), report(lazy("unbound.evaluate.output@1").run_metadata["a"])]
    )
    assert "step 'evaluate' of the same pipeline" in error.problem


def test_an_external_artifact_may_have_the_name_of_an_own_one() -> None:
    """It is a fixed version that was stored before the run, so nothing can be confused."""
    external = ExternalArtifact(value=[1, 2], name="trained_model")
    spec = compiled(lambda: train(evaluate(external)))
    assert len(spec.steps) == 2


def test_several_steps_may_publish_one_artifact() -> None:
    """Training five times in one pipeline publishes five versions of one model."""

    def body() -> list[object]:
        return [train(seed) for seed in range(5)]

    spec = compiled(body)
    assert {output.artifact for made in spec.steps for output in made.outputs} == {"trained_model"}
    assert [made.name for made in spec.steps][-1] == "train_5"


def test_a_pipeline_without_a_step_is_refused() -> None:
    """There would be nothing to run."""
    assert "it calls no step" in str(refusal(lambda: None))


@step(name="n" * 60)
def long_name(value: int = 0) -> int:
    """A step with a long name and an unnamed output."""
    return value


@step(name="n" * 60)
def long_name_named_output(value: int = 0) -> Annotated[int, "short"]:
    """A step with a long name and a named output."""
    return value


def test_an_artifact_name_that_would_be_too_long_asks_for_a_name() -> None:
    """The default name is of pipeline, step and output and may not fit."""
    error = refusal(lambda: long_name(1))
    assert 'Annotated[T, "name"]' in error.remedy
    assert compiled(lambda: long_name_named_output(1)).steps[0].outputs[0].artifact == "short"


def test_a_numbered_step_name_that_would_be_too_long_is_refused() -> None:
    """The number of a later call must fit into the name."""
    error = refusal(lambda: [long_name_named_output(i) for i in range(1_000)])
    assert "_1000' of its later call has more than 64 characters" in error.problem


@pipeline(name="_Nightly.Train")
def odd_name() -> None:
    """A pipeline whose name is no artifact name."""
    evaluate(1)


def test_the_default_artifact_name_is_made_valid() -> None:
    """Artifact names are in lower case and begin with a letter or digit."""
    made = odd_name.compile().spec.steps[0]
    assert made.outputs[0].artifact == "nightly.train.evaluate.output"


def test_a_step_with_too_many_references_is_refused() -> None:
    """The index binds at most 256 in one call."""

    def body(count: int) -> object:
        return report([lazy(f"m@{number}") for number in range(count)])

    assert len(compiled(lambda: body(256)).steps) == 1
    assert "it needs 257 references and outputs, over 256" in refusal(lambda: body(257)).problem


def test_one_reference_used_often_counts_once() -> None:
    """What is bound once is needed once."""
    assert len(compiled(lambda: report([lazy("m@1")] * 300)).steps) == 1


def test_an_endless_pipeline_is_stopped() -> None:
    """A pipeline that calls steps without end is refused at 2,000."""

    def body() -> None:
        while True:
            report()

    assert "at most 2000 steps" in refusal(body).problem


def test_a_large_value_is_refused_with_its_size() -> None:
    """A step must fit into a message; larger values go by reference."""
    with pytest.raises(MessageTooLargeError, match="ExternalArtifact") as raised:
        compiled(lambda: report("x" * MAX_STEP_BYTES))
    assert raised.value.size > raised.value.limit == MAX_STEP_BYTES
    compiled(lambda: report("x" * (MAX_STEP_BYTES - 1_000)))


def test_the_size_is_counted_in_bytes() -> None:
    """Letters outside of ASCII take more than one byte."""
    with pytest.raises(MessageTooLargeError):
        compiled(lambda: report("é" * (MAX_STEP_BYTES // 2 + 1)))


def test_a_pipeline_that_is_too_large_as_a_whole_is_refused() -> None:
    """Many steps that fit may be too much together."""
    with pytest.raises(MessageTooLargeError, match="pipeline 'unbound' is") as raised:
        compiled(lambda: [report("x" * 50_000) for _ in range(22)])
    assert raised.value.limit == 1 << 20


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda: [evaluate(1), None][1], None),
        (lambda: report(1), ValueInput(value=None)),
        (lambda: evaluate(1), OutputInput(step="evaluate", output="output")),
        (
            lambda: {"model": train(), "names": ["a"]},
            DictInput(
                items={
                    "model": OutputInput(step="train", output="trained_model"),
                    "names": ValueInput(value=["a"]),
                }
            ),
        ),
        (
            lambda: (evaluate(1), 2),
            ListInput(
                items=(OutputInput(step="evaluate", output="output"), ValueInput(value=2)),
                tuple_=True,
            ),
        ),
        (lambda: [evaluate(1), 5][1], ValueInput(value=5)),
    ],
    ids=["None", "no output", "an output", "a dict", "a tuple", "a number"],
)
def test_what_the_pipeline_returns_is_its_result(
    body: Callable[[], object], expected: object
) -> None:
    """Outputs and plain values, also nested, are what a caller gets in the end."""
    assert compiled(body).result == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda: [report(), lazy("m:latest")], "returns m:latest, which no step has bound"),
        (
            lambda: [report(), lazy("m@1").run_metadata["a"]],
            "returns m@1#/a, which no step has bound",
        ),
        (lambda: [report(), pd.DataFrame()], "pandas.DataFrame is not a JSON type"),
        (lambda: (evaluate(1), ExternalArtifact(value=1)), "returns ExternalArtifact"),
    ],
    ids=["version", "metadata", "frame", "external"],
)
def test_a_result_that_no_step_made_is_refused(body: Callable[[], Any], message: str) -> None:
    """A reference is bound by steps only; pass it through one."""

    def last() -> object:
        returned = body()
        return returned[1] if isinstance(returned, list) else returned

    assert message in refusal(last).problem


@pipeline
def inner() -> None:
    """A pipeline to be called in another."""
    report()


@pytest.mark.parametrize(
    "call",
    [inner, inner.delay, inner.apply_async, inner.compile],
    ids=["call", "delay", "apply_async", "compile"],
)
def test_a_pipeline_inside_a_pipeline_is_refused(call: Callable[[], object]) -> None:
    """The error names both pipelines and says what to do."""
    error = refusal(lambda: [report(), call()])
    assert error.pipeline == "unbound"
    assert "'inner'" in error.problem
    assert "Call its steps, or .delay() it from a step" in error.remedy
