"""From a pipeline function to a `PipelineSpec`: pure, nothing is resolved or stored."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from raincheck.authoring.compiling import recording_into
from raincheck.authoring.external import ExternalArtifact, ExternalStore
from raincheck.authoring.inputs import InputEncoder, Place, encode_arguments
from raincheck.authoring.lazy import OutputHandle, StepHandle
from raincheck.authoring.models import Model
from raincheck.authoring.outputs import OutputPort
from raincheck.authoring.parameters import bind_arguments
from raincheck.authoring.result import encode_result
from raincheck.authoring.rules import check_own_artifacts, check_shared_handles, check_sizes
from raincheck.authoring.step import Step
from raincheck_contracts._base import JsonValue
from raincheck_contracts.names import ARTIFACT_NAME_PATTERN, IDENTIFIER_PATTERN
from raincheck_contracts.pipelines import (
    MAX_STEPS,
    Input,
    OutputInput,
    OutputSpec,
    PipelineSpec,
    StepSpec,
    inputs_within,
)
from raincheck_contracts.references import Reference

Bind = Literal["step", "run"]
OnFailure = Literal["continue", "stop"]


@dataclass(frozen=True, slots=True)
class PipelineDefinition:
    """What a compiled pipeline says about itself."""

    name: str
    function: str
    """`module:qualname` of the pipeline function."""
    bind: Bind | None = None
    """None when the author did not say; then `step`, if it makes no difference."""
    on_failure: OnFailure = "continue"
    model: Model | None = None
    """To whose versions its runs link what they publish."""


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """What is queued: the specification and the parameters it was made with."""

    spec: PipelineSpec
    parameters: dict[str, JsonValue]
    """Those that were given, as JSON."""


class Compilation:
    """Records the step calls of one run of a pipeline function."""

    def __init__(self, pipeline: str, store: ExternalStore, model: Model | None = None) -> None:
        self._pipeline = pipeline
        self._model = model
        self._store = store
        self._steps: dict[str, StepSpec] = {}
        self._references: dict[str, list[Reference]] = {}

    @property
    def pipeline(self) -> str:
        """Name of the pipeline being compiled."""
        return self._pipeline

    @property
    def model(self) -> Model | None:
        """The pipeline's model."""
        return self._model

    @property
    def steps(self) -> tuple[StepSpec, ...]:
        """The recorded steps, in the order of their calls."""
        return tuple(self._steps.values())

    @property
    def references(self) -> Mapping[str, list[Reference]]:
        """The references of lazy handles, by step."""
        return self._references

    def record(
        self,
        step: Step[..., Any],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        after: tuple[object, ...],
    ) -> object:
        """Record a call and return its lazy outputs.

        Args:
            step: what was called.
            args: its positional arguments.
            kwargs: its arguments by name.
            after: handles of the steps that must succeed first.

        Returns:
            One handle, or a tuple of them for a step that returns a tuple.

        Raises:
            CompileError: when the call cannot be compiled.
            DefinitionError: when the step itself cannot be run by a worker.
        """
        place = Place(self._pipeline, self._free_name(step.name))
        path = step.function_path
        inputs, self._references[place.step] = self._inputs(step, args, kwargs, place)
        before = self._steps_within(inputs.values()) | self._ordered_after(after, place)
        self._steps[place.step] = StepSpec(
            name=place.step,
            function=path,
            inputs=inputs,
            outputs=tuple(_output_spec(port, place) for port in step.outputs.ports),
            after=tuple(name for name in self._steps if name in before),
            queue=step.options.queue,
            retries=step.options.retries,
            retry_delay=step.options.retry_delay,
            retry_backoff=step.options.retry_backoff,
            timeout=step.options.timeout,
            cache=step.options.cache_seconds,
        )
        return self._handles(step, place.step)

    def _store_apart(self, external: ExternalArtifact) -> Reference:
        # Storing may use the client, which must not take itself to be in the pipeline.
        with recording_into(None):
            return self._store(external)

    def _inputs(
        self,
        step: Step[..., Any],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        place: Place,
    ) -> tuple[dict[str, Input], list[Reference]]:
        bound = bind_arguments(step.parameters, args, kwargs)
        for found in bound.problems:
            at = Place(place.pipeline, place.step, found.parameter)
            raise at.error(found.problem, f"It is called as {step.name}({_names(step)})")
        ports = {port.name: port for port in step.parameters}
        return encode_arguments(
            bound.values,
            ports,
            lambda name: InputEncoder(
                Place(place.pipeline, place.step, name), self, self._store_apart
            ),
        )

    def _free_name(self, name: str) -> str:
        if len(self._steps) >= MAX_STEPS:
            problem = f"a pipeline has at most {MAX_STEPS} steps"
            raise Place(self._pipeline, name).error(problem, "Let one step do more")
        chosen, number = name, 2
        while chosen in self._steps:
            chosen, number = f"{name}_{number}", number + 1
        if re.fullmatch(IDENTIFIER_PATTERN, chosen) is None:
            problem = f"the name {chosen!r} of its later call has more than 64 characters"
            raise Place(self._pipeline, name).error(problem, "Give a shorter one: @step(name=...)")
        return chosen

    def _ordered_after(self, handles: tuple[object, ...], place: Place) -> set[str]:
        names: set[str] = set()
        for handle in handles:
            if isinstance(handle, tuple):
                names |= self._ordered_after(handle, place)
            elif isinstance(handle, StepHandle) and handle.recorded_by(self):
                names.add(handle.step)
            else:
                problem = "after() was given what no step of this pipeline returned"
                raise place.error(problem, "Give it what the earlier step's call returned")
        return names

    @staticmethod
    def _steps_within(inputs: Iterable[Input]) -> set[str]:
        leaves = [leaf for node in inputs for leaf in inputs_within(node)]
        return {leaf.step for leaf in leaves if isinstance(leaf, OutputInput)}

    def _handles(self, step: Step[..., Any], name: str) -> object:
        if not step.outputs.ports:
            return StepHandle(self, name)
        handles = tuple(OutputHandle(self, name, port.name) for port in step.outputs.ports)
        return handles if step.outputs.unpacked else handles[0]


def compile_pipeline(
    definition: PipelineDefinition, function: Callable[[], object], store: ExternalStore
) -> PipelineSpec:
    """Run a pipeline function once and record its step calls.

    What the function itself raises passes through unchanged.

    Args:
        definition: what the specification says about the pipeline.
        function: the pipeline function with its parameters filled in.
        store: turns each external artifact into a reference.

    Returns:
        The specification, steps in the order of their calls.

    Raises:
        CompileError: when it breaks a rule; says which, where and what to do.
        DefinitionError: when a step cannot be run by a worker.
        MessageTooLargeError: when a step or the whole is too many bytes.
    """
    compilation = Compilation(definition.name, store, definition.model)
    with recording_into(compilation):
        returned = function()
    place = Place(definition.name)
    if not compilation.steps:
        raise place.error("it calls no step", "Call at least one function decorated with @step")
    check_own_artifacts(definition.name, compilation.steps, compilation.references)
    if definition.bind is None:
        own = definition.model.reference if definition.model else None
        check_shared_handles(definition.name, compilation.references, own)
    spec = PipelineSpec(
        name=definition.name,
        function=definition.function,
        steps=compilation.steps,
        result=encode_result(returned, place, compilation),
        bind=definition.bind or "step",
        on_failure=definition.on_failure,
        model=definition.model.choice if definition.model else None,
    )
    check_sizes(spec)
    return spec


def _names(step: Step[..., Any]) -> str:
    return ", ".join(port.name for port in step.parameters)


def _output_spec(port: OutputPort, place: Place) -> OutputSpec:
    if port.artifact is not None:
        return OutputSpec(name=port.name, artifact=port.artifact)
    artifact = f"{place.pipeline}.{place.step}.{port.name}".lower().lstrip("_.-")
    if re.fullmatch(ARTIFACT_NAME_PATTERN, artifact) is None:
        problem = f"its unnamed output would be the artifact {artifact!r}, over 64 characters"
        remedy = 'Name it: -> Annotated[T, "name"]'
        raise place.error(problem, remedy)
    return OutputSpec(name=port.name, artifact=artifact)
