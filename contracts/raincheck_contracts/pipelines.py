"""The compiled pipeline: pure data, references unresolved."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.models import ModelChoice
from raincheck_contracts.names import (
    ArtifactName,
    FunctionPath,
    OutputName,
    PipelineName,
    QueueName,
    StepName,
)
from raincheck_contracts.references import Reference

#: Limits of the index (one script must stay within its time budget).
MAX_STEPS = 2_000
MAX_REFERENCES_OF_STEP = 256
MAX_SPEC_BYTES = 1 << 20
MAX_CACHE_SECONDS = 3_650 * 86_400


class ValueInput(Contract):
    """A value known when the pipeline was compiled."""

    kind: Literal["value"] = "value"
    value: JsonValue


class ReferenceInput(Contract):
    """A value that the index decides when the step starts."""

    kind: Literal["reference"] = "reference"
    reference: Reference


class OutputInput(Contract):
    """An output of an earlier step of the same run."""

    kind: Literal["output"] = "output"
    step: StepName
    output: OutputName


class ListInput(Contract):
    """A list or tuple whose items are inputs."""

    kind: Literal["list"] = "list"
    items: tuple["Input", ...]
    tuple_: Annotated[bool, Field(alias="tuple")] = False


class DictInput(Contract):
    """A dict whose values are inputs."""

    kind: Literal["dict"] = "dict"
    items: dict[str, "Input"]


Input = Annotated[
    ValueInput | ReferenceInput | OutputInput | ListInput | DictInput,
    Field(discriminator="kind"),
]
ListInput.model_rebuild()
DictInput.model_rebuild()


class OutputSpec(Contract):
    """One declared output of a step."""

    name: OutputName
    artifact: ArtifactName
    """The artifact under which each value is published."""


class StepSpec(Contract):
    """One step of a compiled pipeline; also the body of its message."""

    name: StepName
    """Unique within the pipeline: the function's name, `_2`, `_3` for later calls."""
    function: FunctionPath
    inputs: dict[str, Input] = {}
    """By parameter name."""
    outputs: tuple[OutputSpec, ...] = ()
    after: tuple[StepName, ...] = ()
    """The steps that must succeed first, in the order of the pipeline."""
    queue: QueueName | None = None
    """None is the run's queue."""
    retries: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Tries after the first that raised."""
    retry_delay: Annotated[float, Field(ge=0)] = 0.0
    """Seconds before the first of them."""
    retry_backoff: Annotated[float, Field(ge=1, le=100)] = 1.0
    """By what the delay is multiplied from one to the next, up to an hour."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds that one attempt may take."""
    cache: Annotated[int, Field(ge=1, le=MAX_CACHE_SECONDS)] | None = None
    """Seconds since their last use for which its outputs may be taken instead of computing."""


class PipelineSpec(Contract):
    """A compiled pipeline."""

    contract: Literal[1] = 1
    name: PipelineName
    function: FunctionPath
    """Where the pipeline function lives."""
    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1, max_length=MAX_STEPS)]
    """In an order in which each step comes after those it needs."""
    result: Input | None = None
    """What the pipeline function returned."""
    bind: Literal["step", "run"] = "step"
    """Whether references are bound per step or all at the run's first step."""
    on_failure: Literal["continue", "stop"] = "continue"
    """Whether steps that do not need a failed one still start."""
    model: ModelChoice | None = None
    """The version of a model to which its runs link what they publish."""


def inputs_within(node: "Input") -> "list[ValueInput | ReferenceInput | OutputInput]":
    """The leaves of an input, in reading order."""
    match node:
        case ListInput():
            return [leaf for item in node.items for leaf in inputs_within(item)]
        case DictInput():
            return [leaf for item in node.items.values() for leaf in inputs_within(item)]
        case _:
            return [node]


def without_cache(spec: PipelineSpec) -> PipelineSpec:
    """The pipeline with all its steps computed, and none of their outputs kept for others."""
    steps = tuple(step.model_copy(update={"cache": None}) for step in spec.steps)
    return spec.model_copy(update={"steps": steps})


def container_of(node: "Input") -> type | None:
    """What an input is made up as: `list`, `tuple`, `dict`, or None for a single value."""
    match node:
        case ListInput():
            return tuple if node.tuple_ else list
        case DictInput():
            return dict
        case ReferenceInput() if node.reference.listed:
            return list
        case _:
            return None


def triggering_references(spec: PipelineSpec) -> Iterator[tuple[str, Reference]]:
    """The references to versions that trigger the run, each with its step."""
    for step in spec.steps:
        for need in needs_of(step):
            if isinstance(need, ReferenceInput) and need.reference.selector.by == "trigger":
                yield step.name, need.reference


def needs_of(step: StepSpec) -> list[ReferenceInput | OutputInput]:
    """What must be bound before `step` runs, each once, in reading order.

    The position in this list is the position in the claim's reply.
    """
    seen: dict[str, ReferenceInput | OutputInput] = {}
    for node in step.inputs.values():
        for leaf in inputs_within(node):
            if not isinstance(leaf, ValueInput):
                seen.setdefault(leaf.canonical_json(), leaf)
    return list(seen.values())
