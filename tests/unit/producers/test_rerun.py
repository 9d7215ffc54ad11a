"""A recorded run again: on what it had bound, on what is true now, or with one input replaced."""

from typing import Any

import pytest

from raincheck import Deployment, RunHandle
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError, ReferenceSyntaxError, RunNotFoundError
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    OutputSpec,
    PipelineSpec,
    ReferenceInput,
    StepSpec,
    ValueInput,
)
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.deployments import sent
from tests.support.driver import Driver
from tests.support.dumps import ask, key, key_names
from tests.support.subscribing import deployable


@pytest.fixture
def driver(deployment: Deployment) -> Driver:
    """Users and workers of the deployment."""
    return Driver(deployment.index)


def _reference(text: str) -> ReferenceInput:
    return ReferenceInput(reference=parse_reference(text))


def _nested() -> PipelineSpec:
    """A step with references in all places, and one that takes its output."""
    inputs: dict[str, Input] = {
        "model": _reference("model"),
        "error": _reference("model:latest#/MSE"),
        "newest": _reference("model?take=2"),
        "many": ListInput(items=(_reference("model~1"), ValueInput(value=3)), tuple_=True),
        "named": DictInput(items={"a": _reference("model?min=MSE")}),
    }
    first = StepSpec(
        name="fit",
        function="nowhere:fit",
        inputs=inputs,
        outputs=(OutputSpec(name="x", artifact="x"),),
    )
    second = StepSpec(
        name="use.it",
        function="nowhere:use",
        inputs={"x": output_of("fit", "x"), "model": _reference("model")},
        after=("fit",),
    )
    return PipelineSpec(name="p", function="nowhere:p", steps=(first, second))


def _ran(driver: Driver, spec: PipelineSpec, **options: Any) -> str:
    """A run of the nested pipeline of which the first step has ended, on two versions."""
    for error in (0.1, 0.2):
        driver.publish("model", MSE=error)
    run = driver.submit(spec, **options)
    driver.finish(run, "fit", new_version("x", output="x"))
    driver.publish("model", MSE=0.05)
    return run


def _text(node: Input) -> JsonValue:
    """An input in short."""
    match node:
        case ReferenceInput():
            return str(node.reference)
        case OutputInput():
            return f"{node.step}.{node.output}"
        case ListInput():
            return [_text(item) for item in node.items]
        case DictInput():
            return {key: _text(item) for key, item in node.items.items()}
        case ValueInput():
            return node.value


def _inputs(deployment: Deployment, handle: RunHandle) -> dict[str, dict[str, JsonValue]]:
    steps = deployment.index.records.spec(handle.id).steps
    return {one.name: {name: _text(node) for name, node in one.inputs.items()} for one in steps}


def test_pins_replace_each_reference_by_the_version_that_it_became(
    deployment: Deployment, driver: Driver
) -> None:
    """Also in lists, dicts and metadata; what was not bound stays as written, and is told."""
    run = _ran(driver, _nested(), parameters='{"alpha":0.5}', queue="gpu", priority=3)
    made = RunHandle(run, deployment).rerun()
    assert _inputs(deployment, made) == {
        "fit": {
            "model": "model@2",
            "error": "model@2#/MSE",
            "newest": ["model@2", "model@1"],
            "many": ["model@1", 3],
            "named": {"a": "model@1"},
        },
        "use.it": {"x": "fit.x", "model": "model:latest"},
    }
    found = made.run()
    assert found.fork is not None
    assert (found.fork.run, found.fork.pins, found.fork.unbound) == (run, True, ("use.it",))
    assert found.parameters == {"alpha": 0.5}
    record = deployment.index.records.stored_run(made.id).record
    assert (record["queue"], record["priority"]) == (b"gpu", b"3")
    assert [task.step.name for task in sent(deployment, "gpu")] == ["fit"]
    assert driver.step_run(run, "fit").outputs == {"x": "x@1"}  # the old one stays as it is


def test_fresh_leaves_references_as_they_are_written(
    deployment: Deployment, driver: Driver
) -> None:
    """They are resolved anew."""
    made = RunHandle(_ran(driver, _nested()), deployment).rerun(pins=False)
    inputs = _inputs(deployment, made)["fit"]
    assert (inputs["model"], inputs["newest"]) == ("model:latest", "model?take=2")
    found = made.run().fork
    assert found is not None
    assert (found.pins, found.unbound) == (False, ())
    driver.adopt(made.id, deployment.index.records.spec(made.id))
    assert driver.claimed(made.id, "fit").values[0].version == "3"


def test_one_input_is_replaced_whatever_it_was(deployment: Deployment, driver: Driver) -> None:
    """A value, a reference, the output of a step, which runs anyhow."""
    run = _ran(driver, _nested())
    replaced = {"fit.many": "model@3", "fit.model": "model:best", "use.it.x": "x@1"}
    made = RunHandle(run, deployment).rerun(inputs=replaced)
    inputs = _inputs(deployment, made)
    assert (inputs["fit"]["many"], inputs["fit"]["model"]) == ("model@3", "model:best")
    assert (inputs["fit"]["error"], inputs["use.it"]["x"]) == ("model@2#/MSE", "x@1")
    assert deployment.index.records.spec(made.id).steps[1].after == ("fit",)
    found = made.run().fork
    assert found is not None
    assert found.replaced == replaced


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("model", "'model' names no input of a step. Write STEP.PARAMETER"),
        ("fitt.model", r"has no step 'fitt'; did you mean fit\?\. It has fit, use\.it"),
        ("fit.modell", r"step 'fit' was given no input 'modell'; did you mean model\?"),
    ],
)
def test_an_input_that_is_not_there_is_refused(
    deployment: Deployment, driver: Driver, place: str, message: str
) -> None:
    """With what there is; nothing is queued."""
    run = _ran(driver, _nested())
    with pytest.raises(ArgumentError, match=message):
        RunHandle(run, deployment).rerun(inputs={place: "model@1"})
    assert deployment.index.records.run_ids(9) == [run]


def test_a_reference_that_cannot_be_read_is_refused(deployment: Deployment, driver: Driver) -> None:
    """As everywhere."""
    run = _ran(driver, _nested())
    with pytest.raises(ReferenceSyntaxError):
        RunHandle(run, deployment).rerun(inputs={"fit.model": "Model@"})


def test_what_a_run_bound_as_a_whole_is_pinned_for_steps_to_come(
    deployment: Deployment, driver: Driver
) -> None:
    """The first step that was claimed bound for all."""
    spec = pipeline(step("a", "model"), step("b", "model?take=2", "model#/MSE"), bind="run")
    for error in (0.1, 0.2):
        driver.publish("model", MSE=error)
    run = driver.submit(spec)
    driver.claimed(run, "a")
    driver.publish("model", MSE=0.3)
    made = RunHandle(run, deployment).rerun()
    found = _inputs(deployment, made)
    assert list(found["a"].values()) == ["model@2"]
    assert list(found["b"].values()) == [["model@2", "model@1"], "model@2#/MSE"]
    assert made.run().fork.unbound == ()  # type: ignore[union-attr] # it is a fork


@pytest.mark.parametrize("pins", [True, False])
@pytest.mark.parametrize("bound", [True, False])
def test_versions_of_events_stay_those_of_the_run(
    deployment: Deployment, driver: Driver, *, pins: bool, bound: bool
) -> None:
    """Whether references are pinned or not, and bound or not; steps see the events, too."""
    spec = pipeline(step("a", "model?trigger=newest", "model?trigger=all"))
    deployment.index.subscriptions.define(deployable(spec=spec), expected=0)
    driver.publish("model")
    driver.wake()
    (run,) = deployment.index.records.run_ids(9)
    driver.adopt(run, spec)
    if bound:
        driver.claimed(run, "a")
    made = RunHandle(run, deployment).rerun(pins=pins)
    assert list(_inputs(deployment, made)["a"].values()) == ["model@1", ["model@1"]]
    driver.adopt(made.id, deployment.index.records.spec(made.id))
    assert [event.version for event in driver.claimed(made.id, "a").trigger] == ["1"]
    assert made.run().trigger is None


def test_a_run_whose_records_are_gone_cannot_be_repeated(
    deployment: Deployment, driver: Driver
) -> None:
    """The error says for how long they are kept."""
    run = _ran(driver, _nested())
    for name in key_names(driver.index):
        if name.startswith(f"run:{run}"):
            ask(driver.index, "DEL", key(driver.index, name))
    with pytest.raises(RunNotFoundError, match="finished runs are kept for 7 days"):
        RunHandle(run, deployment).rerun()


def test_a_fork_may_be_forked(deployment: Deployment, driver: Driver) -> None:
    """Of the one that is named; and a fork may compute what is cached."""
    spec = pipeline(step("fit").model_copy(update={"cache": 60}))
    first = RunHandle(driver.submit(spec), deployment)
    second = first.rerun()
    third = second.rerun(cache=False)
    assert second.run().fork.run == first.id  # type: ignore[union-attr] # it is a fork
    assert third.run().fork.run == second.id  # type: ignore[union-attr] # it is a fork
    kept = [deployment.index.records.spec(one.id).steps[0].cache for one in (second, third)]
    assert kept == [60, None]
