"""Whether this worker's code is that for which a step was compiled."""

from typing import Any

from raincheck.authoring.step import Step
from raincheck_contracts.errors import DefinitionError
from raincheck_contracts.pipelines import StepSpec


def code_difference(spec: StepSpec, step: "Step[..., Any] | None") -> str | None:
    """Why this worker cannot run a step, so that another may.

    Args:
        spec: the step as its producer compiled it.
        step: the step of that name in this process, if there is one.

    Returns:
        What differs and which side to bring up to date; None when the code fits.
    """
    if step is None:
        module = spec.function.partition(":")[0]
        return (
            f"no step {spec.function} in the modules that this worker imports; start one with "
            f"`raincheck worker {module}`, or add {module} to RAINCHECK_IMPORTS"
        )
    try:
        problem = _parameters(spec, step) or _outputs(spec, step)
    except DefinitionError:
        return None  # the attempt records it
    if problem is None:
        return None
    return (
        f"{spec.function} {problem}; restart the worker with the newer code, or queue the run "
        "again if the worker's is newer"
    )


def _parameters(spec: StepSpec, step: "Step[..., Any]") -> str | None:
    known = {port.name for port in step.parameters}
    unknown = sorted(spec.inputs.keys() - known)
    lacking = [p.name for p in step.parameters if p.required and p.name not in spec.inputs]
    if unknown:
        return f"has no parameter {_names(unknown)} in this worker, but the run gives it"
    if lacking:
        return f"wants parameter {_names(lacking)} in this worker, which the run does not give"
    return None


def _outputs(spec: StepSpec, step: "Step[..., Any]") -> str | None:
    here = [port.name for port in step.outputs.ports]
    there = [output.name for output in spec.outputs]
    if here == there:
        return None
    return f"returns {_names(here)} in this worker, but the run expects {_names(there)}"


def _names(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
