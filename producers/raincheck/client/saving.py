"""Saving, loading and annotating artifacts, inside a step and outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Never

from raincheck.authoring.compiling import compiling
from raincheck.authoring.context import active_step_context
from raincheck.authoring.metadata_values import checked_metadata
from raincheck.client.client import Client
from raincheck.client.published import PublishedVersion
from raincheck.columns import check_given
from raincheck.deployment import current_deployment
from raincheck.messaging.waking import wake
from raincheck.name_checks import check_artifact_name, check_version_name
from raincheck_contracts.errors import ArgumentError, NoContextError, UnresolvedReferenceError


@dataclass(frozen=True, slots=True)
class PendingVersion:
    """A version that a step has saved and that exists when the step has completed."""

    name: str

    @property
    def version(self) -> Never:
        """Not known yet.

        Raises:
            UnresolvedReferenceError: always; the index numbers it at completion.
        """
        raise UnresolvedReferenceError(self.name, "reading the version of a staged artifact")


def save_artifact(
    value: object,
    name: str,
    version: str | int | None = None,
    *,
    metadata: Mapping[str, object] | None = None,
    tags: Sequence[str] | None = None,
    schema: object = None,
) -> PublishedVersion | PendingVersion:
    """Publish a value as a version of an artifact.

    Args:
        value: of a type that has a materializer.
        name: the artifact.
        version: its name; None takes the next number. A chosen number may skip up to 999,
            which then cannot come any more.
        metadata: entries by key; numpy scalars become Python numbers.
        tags: of the version.
        schema: a column contract that a frame must keep: a DataFrameSchema, DataFrameModel or
            SeriesSchema of pandera. The frame is kept as it is, never as the schema would
            change it.

    Returns:
        The version. Inside a step it is staged: published with the step's completion,
        never by an attempt that fails.

    Raises:
        ArgumentError: called in a pipeline function, a name that cannot be one, or a schema
            that is none or is for another class.
        ColumnContractError: the frame does not keep the schema; in a step, as it completes.
        StoreError: the value cannot be kept.
        VersionExistsError, VersionNameError: of the chosen version.
    """
    _outside_pipeline("save_artifact", "save it in a step")
    text = None if version is None else str(version)
    context = active_step_context()
    if context is not None:
        context.stage_artifact(value, name, text, metadata=metadata, tags=tags or (), schema=schema)
        return PendingVersion(name)
    check_artifact_name("save_artifact", name)
    for item in (*(tags or ()), *([] if text is None else [text])):
        check_version_name("save_artifact", "version or tag", item)
    entries = checked_metadata(metadata or {})
    if schema is not None:
        check_given(schema, value, name)
    deployment = current_deployment()
    new = deployment.store.prepare(value, name, version=text, metadata=entries, tags=tags or ())
    done = deployment.store.publish(new)
    if done.dirty:
        wake(deployment.index, deployment.hints)
    published: PublishedVersion = Client(deployment).get_artifact_version(name, done.version)
    return published


def load_artifact(name: str, version: str | int | None = None) -> object:
    """Materialize a version as it is now; None is the newest.

    Inside a step, what the step itself saved comes first. Nothing is bound: a retry may
    see a newer version. Give a step a reference when that matters.

    Raises:
        ArgumentError: called in a pipeline function.
        ReferenceNotFoundError: there is no such version.
        StoreError: the bytes are missing, corrupt or of an untrusted type.
    """
    _outside_pipeline("load_artifact", "use Client().get_artifact_version(...)")
    text = None if version is None else str(version)
    context = active_step_context()
    if context is not None:
        for staged in reversed(context.staged_artifacts):
            if staged.name == name and text in {None, staged.version}:
                return staged.value
    found: PublishedVersion = Client().get_artifact_version(name, version=text)
    return found.load()


def log_metadata(
    metadata: Mapping[str, object],
    artifact: str | None = None,
    version: str | int | None = None,
) -> None:
    """Add metadata to a version; keys are written once.

    Args:
        metadata: entries by key; numpy scalars become Python numbers.
        artifact: in a step an output of it (None: its only one), with `version` any
            artifact. Outside a step the artifact.
        version: a version that exists; None is the step's own, outside the newest.

    Raises:
        ArgumentError: it is not clear what the entries belong to.
        MetadataConflictError: a key has another value already.
        ReferenceNotFoundError: no such version.
        UnsupportedValueError: a value that cannot be kept.
    """
    _outside_pipeline("log_metadata", "log it in a step")
    text = None if version is None else str(version)
    context = active_step_context()
    if context is not None:
        context.stage_metadata(metadata, artifact, text)
    elif artifact is None:
        problem = "outside a step there is no output to log to"
        raise ArgumentError("log_metadata", problem, "Name the artifact: artifact='name'")
    else:
        Client().log_metadata(artifact, metadata, text)


def log_model_metadata(metadata: Mapping[str, object]) -> None:
    """Add metadata to the version of the model that the run works on; keys are written once.

    It is staged, and written with the step's completion, which makes the version if the run
    has none yet. Outside a step see `Client().get_model_version(...).log_metadata(...)`.

    Args:
        metadata: entries by key; numpy scalars become Python numbers.

    Raises:
        ArgumentError: the pipeline has no model, or the call is in a pipeline function.
        NoContextError: outside of a running step.
        MetadataConflictError: the step has logged a key with another value.
        UnsupportedValueError: a value that cannot be kept.
    """
    _outside_pipeline("log_model_metadata", "log it in a step")
    context = active_step_context()
    if context is None:
        raise NoContextError("log_model_metadata()")
    context.stage_model_metadata(metadata)


def _outside_pipeline(call: str, remedy: str) -> None:
    if compiling():
        problem = "a pipeline function only composes steps and has no effects"
        raise ArgumentError(call, problem, f"Instead {remedy}")
