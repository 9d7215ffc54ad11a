"""Inputs of a recorded pipeline that are given anew."""

from collections.abc import Mapping

from raincheck.near_names import did_you_mean, near_names
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.pipelines import PipelineSpec, ReferenceInput, StepSpec
from raincheck_contracts.reference_text import parse_reference

_CALL = "rerun"


def replace_inputs(spec: PipelineSpec, replaced: Mapping[str, str], run: str) -> PipelineSpec:
    """The pipeline with some inputs of its steps replaced by references.

    Whatever the input was: a value, a reference, or the output of a step, which runs anyhow.

    Args:
        spec: the recorded pipeline.
        replaced: by `step.parameter`, a reference in string form.
        run: id of the run, for errors.

    Raises:
        ArgumentError: there is no such step, or the step has no such input.
        ReferenceSyntaxError: a reference cannot be read.
    """
    steps = {step.name: step for step in spec.steps}
    for place, reference in replaced.items():
        name, dot, parameter = place.rpartition(".")
        if not dot or not name:
            problem = f"{place!r} names no input of a step"
            raise ArgumentError(_CALL, problem, "Write STEP.PARAMETER, such as predict.model")
        step = steps.get(name)
        if step is None:
            near = did_you_mean(near_names(name, list(steps)))
            problem = f"run {run} has no step {name!r}{near}"
            raise ArgumentError(_CALL, problem, f"It has {', '.join(steps)}")
        steps[name] = _replaced(step, parameter, reference)
    return spec.model_copy(update={"steps": tuple(steps.values())})


def _replaced(step: StepSpec, parameter: str, reference: str) -> StepSpec:
    if parameter not in step.inputs:
        near = did_you_mean(near_names(parameter, list(step.inputs)))
        problem = f"step {step.name!r} was given no input {parameter!r}{near}"
        raise ArgumentError(_CALL, problem, f"It has {', '.join(step.inputs) or 'none'}")
    given = ReferenceInput(reference=parse_reference(reference))
    return step.model_copy(update={"inputs": {**step.inputs, parameter: given}})
