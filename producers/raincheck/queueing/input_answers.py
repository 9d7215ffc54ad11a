"""Why each input of a run is what it is.

What a step was bound to is on record. What it was chosen over is asked of the index as of the
revision of the binding: it answers as it did then.
"""

from collections.abc import Iterator
from typing import Any, Literal

from raincheck.authoring.external import external_reference
from raincheck.deployment import Deployment
from raincheck.index.packing import bound_name, written
from raincheck.index.run_records import read_run
from raincheck.queueing.lost_candidates import chosen_words, lost_candidates
from raincheck_contracts.answers import InputAnswer
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.pipelines import (
    OutputInput,
    ReferenceInput,
    StepSpec,
    ValueInput,
    inputs_within,
    needs_of,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference, StepRun
from raincheck_contracts.version_text import version_text


def input_answers(deployment: Deployment, run: str, step: str | None) -> tuple[InputAnswer, ...]:
    """The answers to all references of a run's steps, in the order of the steps.

    Args:
        deployment: whose index is asked.
        run: its id.
        step: one of its steps; None is all. A step that is not bound yet has no answers.

    Raises:
        RunNotFoundError: it ended so long ago that its records are gone.
        ArgumentError: it has no such step.
    """
    found = read_run(deployment.index.records.stored_run(run))
    specs = {spec.name: spec for spec in deployment.index.records.spec(run).steps}
    if step is not None and step not in specs:
        raise ArgumentError("the step", f"{run} has no step {step!r}", f"It has {', '.join(specs)}")
    return tuple(
        answer
        for item in found.steps
        if step in {None, item.step}
        for answer in _answers(deployment, specs[item.step], item)
    )


def _answers(deployment: Deployment, spec: StepSpec, step: StepRun) -> Iterator[InputAnswer]:
    for need in needs_of(spec):
        bindings = _bound(need, step)
        if not bindings:
            continue
        names = tuple(item.shown for item in bindings)
        pointed = bindings[0].pointer is not None
        answer = InputAnswer(
            step=step.step,
            parameters=_parameters(spec, need),
            reference=written(need),
            kind=_kind(need, bindings[0]),
            versions=names,
            values=tuple(item.value for item in bindings) if pointed else (),
            revision=bindings[0].revision,
            chosen="the output of an earlier step",
            now=names,
            deleted=tuple(map(str, deployment.index.deletions.tombstones(names).values())),
        )
        if isinstance(need, ReferenceInput):
            answer = _compared(deployment, need.reference, bindings, answer)
        yield answer


def _kind(
    need: ReferenceInput | OutputInput, binding: Binding
) -> Literal["output", "external", "reference", "trigger"]:
    if isinstance(need, OutputInput):
        return "output"
    if need.reference.selector.by == "trigger":
        return "trigger"
    stored = external_reference(binding.artifact, binding.digest)
    return "external" if need.reference.selector == stored.selector else "reference"


def _bound(need: ReferenceInput | OutputInput, step: StepRun) -> list[Binding]:
    if isinstance(need, OutputInput):
        bound = step.bindings.get(written(need))
        return [bound] if bound else []
    found: list[Binding] = []
    while bound := step.bindings.get(bound_name(need.reference, len(found))):
        found.append(bound)
        if not need.reference.listed:
            break
    return found


def _parameters(spec: StepSpec, need: ReferenceInput | OutputInput) -> tuple[str, ...]:
    wanted = need.canonical_json()
    return tuple(
        name
        for name, node in spec.inputs.items()
        if any(
            leaf.canonical_json() == wanted
            for leaf in inputs_within(node)
            if not isinstance(leaf, ValueInput)
        )
    )


def _compared(
    deployment: Deployment, reference: Reference, bindings: list[Binding], answer: InputAnswer
) -> InputAnswer:
    index = deployment.index
    told: dict[str, Any] = {"chosen": chosen_words(index, reference, answer.revision)}
    namespace = bindings[0].namespace
    if namespace is None:
        told["lost"] = lost_candidates(index, reference, bindings)
    else:  # whose revision it was then is not known
        told["chosen"] += f", in {namespace!r}: {index.namespace!r} had none of its own"
    if reference.selector.by == "trigger":
        return answer.model_copy(update=told)  # what started the run stays what it was
    now = index.versions.resolve([reference]).answers[0]
    if isinstance(now, MissingReference):
        told |= {"now": (), "missing": str(now)}
    else:
        versions = now if isinstance(now, tuple) else (now,)
        told["now"] = tuple(
            version_text(item.artifact, item.version, item.namespace) for item in versions
        )
    return answer.model_copy(update=told)
