"""What must hold for a compiled pipeline as a whole."""

from collections.abc import Mapping, Sequence

from raincheck_contracts.errors import CompileError, MessageTooLargeError
from raincheck_contracts.pipelines import (
    MAX_REFERENCES_OF_STEP,
    MAX_SPEC_BYTES,
    PipelineSpec,
    StepSpec,
    needs_of,
)
from raincheck_contracts.references import Reference

#: Bytes of one step; its message adds the run and must stay below 64 KiB.
MAX_STEP_BYTES = 60 * 1024

#: Step name -> the references of its lazy handles.
References = Mapping[str, Sequence[Reference]]


def check_own_artifacts(pipeline: str, steps: Sequence[StepSpec], references: References) -> None:
    """Refuse a reference to what the same pipeline publishes.

    It could not be there when the run starts, or would be an older version than the one
    the reader of the code has in mind. A version that triggered the run is there.

    Raises:
        CompileError: names both steps.
    """
    publishers = {output.artifact: step.name for step in steps for output in step.outputs}
    for step, used in references.items():
        for reference in used:
            publisher = publishers.get(reference.artifact)
            if publisher is not None and reference.selector.by != "trigger":
                problem = (
                    f"it refers to {reference}, and step {publisher!r} of the same pipeline "
                    f"publishes {reference.artifact!r}"
                )
                raise CompileError(pipeline, step, "", problem, "Use the step's return value")


def check_shared_handles(
    pipeline: str, references: References, own: Reference | None = None
) -> None:
    """Refuse one floating handle that feeds two steps, unless `bind=` says what is meant.

    Args:
        pipeline: its name.
        references: by step.
        own: to the version of the model that a run works on, which does not float in it.

    Raises:
        CompileError: names both steps and what each choice means.
    """
    first_use: dict[str, str] = {}
    for step, used in references.items():
        for reference in used:
            if not reference.floating:
                continue
            # The handle is the version: its metadata and its wait do not tell two apart.
            version = Reference(artifact=reference.artifact, selector=reference.selector)
            if version == own:
                continue
            first = first_use.setdefault(version.canonical_json(), step)
            if first != step:
                problem = (
                    f"steps {first!r} and {step!r} both use {version}, and a publication "
                    "between them would give them two versions"
                )
                remedy = (
                    'Say what is meant: @pipeline(bind="run") binds it once, when the first '
                    'step starts; @pipeline(bind="step") lets each step take what is newest '
                    "when it starts"
                )
                raise CompileError(pipeline, step, "", problem, remedy)


def check_sizes(spec: PipelineSpec) -> None:
    """Refuse what the index or a message could not hold.

    Raises:
        CompileError: a step needs too many references and outputs.
        MessageTooLargeError: a step or the whole is too many bytes.
    """
    for step in spec.steps:
        needs = len(needs_of(step))
        if needs > MAX_REFERENCES_OF_STEP:
            problem = f"it needs {needs} references and outputs, over {MAX_REFERENCES_OF_STEP}"
            remedy = "Gather them in several steps first"
            raise CompileError(spec.name, step.name, "", problem, remedy)
        size = len(step.canonical_json().encode())
        if size > MAX_STEP_BYTES:
            what = f"step {step.name!r} of pipeline {spec.name!r}"
            raise MessageTooLargeError(what, size, MAX_STEP_BYTES)
    size = len(spec.canonical_json().encode())
    if size > MAX_SPEC_BYTES:
        raise MessageTooLargeError(f"pipeline {spec.name!r}", size, MAX_SPEC_BYTES)
