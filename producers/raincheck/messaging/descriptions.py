"""Steps and their inputs in words, for monitors and for people."""

import json
from collections.abc import Mapping

from raincheck.index.packing import written
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    StepSpec,
)


def describe_step(step: StepSpec, bindings: Mapping[str, Binding] | None = None) -> str:
    """A step with its inputs in words: `predict(model=trained_model:latest)`.

    Args:
        step: as compiled.
        bindings: by the reference as written; what is bound is shown as what it became:
            `predict(model=trained_model@42)`.
    """
    inputs = (f"{name}={describe_input(node, bindings)}" for name, node in step.inputs.items())
    return f"{step.name}({', '.join(inputs)})"


def describe_input(node: Input, bindings: Mapping[str, Binding] | None = None) -> str:
    """An input in words: a reference's string form, `step.output`, or the value."""
    match node:
        case ReferenceInput() | OutputInput():
            bound = (bindings or {}).get(written(node))
            return written(node) if bound is None else describe_binding(bound)
        case ListInput():
            return "[" + ", ".join(describe_input(item, bindings) for item in node.items) + "]"
        case DictInput():
            items = (f"{key}: {describe_input(item, bindings)}" for key, item in node.items.items())
            return "{" + ", ".join(items) + "}"
        case _:
            return json.dumps(node.value, ensure_ascii=False)


def describe_binding(binding: Binding) -> str:
    """What a reference became: `trained_model@42`, or `trained_model@42#/MSE = 0.31`."""
    name = binding.shown
    if binding.pointer is None:
        return name
    return f"{name}#{binding.pointer} = {json.dumps(binding.value, ensure_ascii=False)}"


def awaited_words(computes: str) -> str:
    """What a step waits for that leaves a computation to another.

    Args:
        computes: `run/step` that computes the same now.
    """
    run, _, step = computes.partition("/")
    where = f" in run {run} step {step}" if step else ""
    return f"waits for the same computation{where}"


def reused_words(origin: str) -> str:
    """Where a step's outputs come from that were taken from the cache.

    Args:
        origin: `run/step` that computed them.
    """
    run, _, step = origin.partition("/")
    return f"taken from the cache: computed in run {run} step {step}"
