"""What a step returned and staged, stored and ready to be registered."""

from raincheck.artifact_store import ArtifactStore, Origin
from raincheck.authoring.context import StepContext
from raincheck.authoring.step import Step
from raincheck.columns import check_given, check_value
from raincheck.index.entries import ForeignMetadata, NewVersion
from raincheck.model_versions import model_version
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import DefinitionError


def prepare_outputs(
    store: ArtifactStore,
    step: "Step[..., object]",
    context: StepContext,
    returned: object,
    inputs: tuple[str, ...],
) -> tuple[list[NewVersion], list[ForeignMetadata]]:
    """Store the values of a step and say what is to be registered.

    Args:
        store: takes the bytes.
        step: that was called.
        context: of the attempt, with what was staged.
        returned: by the step's function.
        inputs: the versions that the step had bound.

    Returns:
        New versions, and metadata for versions of others.

    Raises:
        DefinitionError: the step did not return what its annotation declares.
        ArgumentError: a schema given to `save_artifact` is none, or is for another class.
        ColumnContractError: a frame does not keep its contract; no bytes were written.
        StoreError: a value cannot be kept.
    """
    values = _values(step, context, returned)
    _check_contracts(step, context, values)

    def origin(output: str) -> Origin:
        return Origin(run=context.run, step=context.step, output=output, inputs=inputs)

    versions = [
        store.prepare(
            value,
            context.outputs[position].artifact,
            origin=origin(context.outputs[position].name),
            metadata=context.staged_metadata.get(context.outputs[position].name),
        )
        for position, value in values
    ]
    for number, staged in enumerate(context.staged_artifacts, start=1):
        versions.append(
            store.prepare(
                staged.value,
                staged.name,
                version=staged.version,
                origin=origin(f"saved_{number}"),
                metadata=staged.metadata,
                tags=staged.tags,
            )
        )
    return versions, _foreign(context)


def _check_contracts(
    step: "Step[..., object]", context: StepContext, values: list[tuple[int, object]]
) -> None:
    """All of them before the first byte is written."""
    for position, value in values:
        port, output = step.outputs.ports[position], context.outputs[position]
        check_value(port.declared, value, output.artifact)
    for staged in context.staged_artifacts:
        if staged.schema is not None:
            check_given(staged.schema, staged.value, staged.title)


def prepare_model(context: StepContext, inputs: tuple[str, ...]) -> NewVersion | None:
    """The version of the run's model, should the index make one, with what was logged to it.

    Args:
        context: of the attempt.
        inputs: the versions that the step had bound.

    Returns:
        None for a run without a model.
    """
    if context.model is None:
        return None
    origin = Origin(run=context.run, step=context.step, output="", inputs=inputs)
    metadata = context.staged_model_metadata
    return model_version(context.model.name, origin=origin, metadata=metadata)


def _values(
    step: "Step[..., object]", context: StepContext, returned: object
) -> list[tuple[int, object]]:
    declared = step.outputs
    ports = declared.ports
    if not ports:
        if returned is not None:
            problem = f"it is annotated '-> None' but returned {type(returned).__name__}"
            raise DefinitionError(context.step, problem, "Annotate what it returns")
        return []
    if not declared.unpacked:
        if returned is None and ports[0].optional:
            if context.staged_metadata.get(ports[0].name):
                problem = "it logged metadata for its output but returned None"
                raise DefinitionError(context.step, problem, "Return the value")
            return []
        return [(0, returned)]
    if not isinstance(returned, tuple) or len(returned) != len(ports):
        problem = f"it declares {len(ports)} outputs but returned {type(returned).__name__}"
        raise DefinitionError(context.step, problem, f"Return a tuple of {len(ports)} values")
    return list(enumerate(returned))


def _foreign(context: StepContext) -> list[ForeignMetadata]:
    grouped: dict[tuple[str, str], dict[str, JsonValue]] = {}
    for entry in context.staged_foreign_metadata:
        grouped.setdefault((entry.artifact, entry.version), {})[entry.key] = entry.value
    return [
        ForeignMetadata(artifact=artifact, version=version, metadata=entries)
        for (artifact, version), entries in grouped.items()
    ]
