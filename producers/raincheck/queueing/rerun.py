"""A recorded run again, as a new run: on what it had bound, or on what is true now."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from raincheck.authoring.compiler import CompiledPipeline
from raincheck.authoring.rules import check_sizes
from raincheck.deployment import Deployment
from raincheck.index.connection import text
from raincheck.queueing.bound_versions import BoundVersions, Versions
from raincheck.queueing.enqueue import EnqueueOptions, queue_compiled
from raincheck.queueing.replaced_inputs import replace_inputs
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    PipelineSpec,
    ReferenceInput,
    StepSpec,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import Fork
from raincheck_contracts.selectors import VersionSelector


def rerun(
    deployment: Deployment,
    run: str,
    *,
    pins: bool = True,
    inputs: Mapping[str, str] | None = None,
    cache: bool = True,
) -> RunHandle:
    """Queue what a run ran, as a new run that says of which it is a fork.

    The pipeline is the recorded one: its module need not be importable here.

    Args:
        deployment: that holds the run.
        run: its id.
        pins: whether each reference becomes the very version that the run had bound.
        inputs: by `step.parameter` the reference that the input becomes, in string form.
        cache: whether its steps may take outputs from the cache.

    Raises:
        RunNotFoundError: it ended so long ago that its records are gone.
        ArgumentError: it has no such step or input.
        ReferenceSyntaxError: a reference cannot be read.
        ParameterError: it takes what only events give, and no event gave it.
        CompileError, MessageTooLargeError: with all versions written out it is too large.
        IndexUnavailableError: nothing was recorded.
    """
    records = deployment.index.records
    stored, spec = records.stored_run(run), records.spec(run)
    replaced = dict(inputs or {})
    spec = replace_inputs(spec, replaced, run)
    pinning = _Pinning(BoundVersions(stored, spec), pins=pins)
    spec = pinning.pipeline(spec, replaced)
    check_sizes(spec)
    fork = Fork(run=run, pins=pins, replaced=replaced, unbound=tuple(pinning.unbound))
    compiled = CompiledPipeline(spec, json.loads(stored.record["params"]))
    queue, priority = text(stored.record["queue"]), text(stored.record["priority"])
    options = EnqueueOptions(queue=queue, priority=int(priority) if priority else None, cache=cache)
    return queue_compiled(deployment, compiled, options, fork, text(stored.record.get("trigger")))


@dataclass
class _Pinning:
    """Replaces references by versions."""

    bound: BoundVersions
    pins: bool
    unbound: list[str] = field(default_factory=list[str])
    """Steps of which a reference stays as it is written, though it should not."""

    def pipeline(self, spec: PipelineSpec, replaced: Mapping[str, str]) -> PipelineSpec:
        """The pipeline with its references replaced, but for the inputs that were given anew."""
        steps = tuple(self._step(step, replaced) for step in spec.steps)
        return spec.model_copy(update={"steps": steps})

    def _step(self, step: StepSpec, replaced: Mapping[str, str]) -> StepSpec:
        def pinned(reference: Reference) -> Input:
            return self._reference(step.name, reference)

        inputs = {
            name: node if f"{step.name}.{name}" in replaced else _with_references(node, pinned)
            for name, node in step.inputs.items()
        }
        return step.model_copy(update={"inputs": inputs})

    def _reference(self, step: str, reference: Reference) -> Input:
        versions: Versions | None = None
        if self.pins:
            versions = self.bound.of(step, reference)
        if versions is None and reference.selector.by == "trigger":
            versions = self.bound.triggering(reference)
        if versions is None:
            if self.pins and reference.selector.by != "version" and step not in self.unbound:
                self.unbound.append(step)
            return ReferenceInput(reference=reference)
        fixed = [_fixed(reference, artifact, version) for artifact, version in versions]
        return ListInput(items=tuple(fixed)) if reference.listed else fixed[0]


def _fixed(reference: Reference, artifact: str, version: str) -> ReferenceInput:
    selector = VersionSelector(version=version)
    pointer, wait = reference.pointer, reference.wait
    return ReferenceInput(
        reference=Reference(artifact=artifact, selector=selector, pointer=pointer, wait=wait)
    )


def _with_references(node: Input, pinned: Callable[[Reference], Input]) -> Input:
    """An input with each reference within it replaced."""
    match node:
        case ReferenceInput():
            return pinned(node.reference)
        case ListInput():
            items = tuple(_with_references(item, pinned) for item in node.items)
            return node.model_copy(update={"items": items})
        case DictInput():
            named = {key: _with_references(item, pinned) for key, item in node.items.items()}
            return node.model_copy(update={"items": named})
        case _:
            return node
