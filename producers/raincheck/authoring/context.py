"""What a running step knows about itself, and the effects it has staged.

Effects are staged and not written: they become visible with the step's completion, all
of them or none, and those of a failed attempt never do.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from raincheck.authoring.metadata_values import checked_metadata, merge_metadata
from raincheck.name_checks import check_artifact_name, check_version_name
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.errors import ArgumentError, NoContextError, VersionExistsError
from raincheck_contracts.models import RunModel
from raincheck_contracts.pipelines import OutputSpec
from raincheck_contracts.subscriptions import TriggeringEvent

_NAME_ONE = 'Name it: log_metadata({...}, artifact="name")'


@dataclass(slots=True)
class StagedArtifact:
    """A version that the step saved beside its outputs."""

    value: object
    name: str
    version: str | None = None
    """None lets the index number it."""
    metadata: dict[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    schema: object = None
    """Its column contract; None without one."""

    @property
    def title(self) -> str:
        """`name`, or `name@version` when the version was chosen."""
        return self.name if self.version is None else f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class StagedMetadata:
    """An entry for a version that exists already."""

    artifact: str
    version: str
    key: str
    value: JsonValue


@dataclass(slots=True)
class StepContext:
    """One attempt of a step, while it runs."""

    run: str
    pipeline: str
    step: str
    attempt: int
    """Counted from 1."""
    inputs: dict[str, tuple[Binding, ...]] = field(default_factory=dict)
    """By parameter, what its references were bound to."""
    outputs: tuple[OutputSpec, ...] = ()
    """The declared outputs."""
    trigger: tuple[TriggeringEvent, ...] = ()
    """The events that started the run; none when somebody queued it."""
    model: RunModel | None = None
    """The version of a model that the run works on; None when the pipeline has no model."""
    staged_artifacts: list[StagedArtifact] = field(default_factory=list)
    staged_metadata: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """Output name -> entries for the version that will be published."""
    staged_foreign_metadata: list[StagedMetadata] = field(default_factory=list)
    staged_model_metadata: dict[str, JsonValue] = field(default_factory=dict)
    """Entries for the run's version of its model."""
    loaded: dict[str, None] = field(default_factory=dict)
    """Versions that the step has loaded by itself, `artifact@version`, in their order."""

    def stage_artifact(
        self,
        value: object,
        name: str,
        version: str | None = None,
        *,
        metadata: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
        schema: object = None,
    ) -> StagedArtifact:
        """Save a version when the step completes.

        Args:
            value: what to store.
            name: the artifact.
            version: its name; None lets the index number it.
            metadata: entries of the new version.
            tags: of the new version.
            schema: its column contract, checked when the step completes.

        Returns:
            What was staged.

        Raises:
            ArgumentError: for a name, version or tag that cannot be one.
            UnsupportedValueError: for metadata that cannot be kept.
            VersionExistsError: when the step has saved that version already.
        """
        check_artifact_name("save_artifact", name)
        for text in tags if version is None else (version, *tags):
            check_version_name("save_artifact", "version or tag", text)
        entries = checked_metadata(metadata or {})
        staged = StagedArtifact(value, name, version, entries, tuple(tags), schema)
        if version is not None and any(s.title == staged.title for s in self.staged_artifacts):
            raise VersionExistsError(name, version)
        self.staged_artifacts.append(staged)
        return staged

    def stage_metadata(
        self,
        metadata: Mapping[str, object],
        artifact: str | None = None,
        version: str | None = None,
    ) -> None:
        """Log metadata when the step completes.

        Args:
            metadata: entries by key; numpy scalars become Python numbers.
            artifact: an output of this step by its own or its artifact's name, something
                it saved, or with `version` any artifact; None is the step's only output.
            version: a version that exists already, or one that this step saved.

        Raises:
            ArgumentError: when it is not clear what the entries belong to.
            UnsupportedValueError: for metadata that cannot be kept; names the place.
            MetadataConflictError: when a key was logged with another value.
        """
        entries = checked_metadata(metadata)
        if version is None:
            title, target = self._own_target(artifact)
            merge_metadata(title, target, entries)
        elif artifact is None:
            problem = f"version={version!r} says nothing without an artifact"
            raise ArgumentError("log_metadata", problem, _NAME_ONE)
        else:
            self._stage_for_version(artifact, version, entries)

    def stage_model_metadata(self, metadata: Mapping[str, object]) -> None:
        """Log metadata to the run's version of its model when the step completes.

        Args:
            metadata: entries by key; numpy scalars become Python numbers.

        Raises:
            ArgumentError: the pipeline has no model.
            UnsupportedValueError: for metadata that cannot be kept; names the place.
            MetadataConflictError: when a key was logged with another value.
        """
        if self.model is None:
            problem = f"pipeline {self.pipeline!r} has no model"
            remedy = 'Give it one: @pipeline(model=Model("churn"))'
            raise ArgumentError("log_model_metadata", problem, remedy)
        title = f"model {self.model}"
        merge_metadata(title, self.staged_model_metadata, checked_metadata(metadata))

    def _own_target(self, artifact: str | None) -> tuple[str, dict[str, JsonValue]]:
        output = self._only_output() if artifact is None else self._output_named(artifact)
        if output is not None:
            return output.artifact, self.staged_metadata.setdefault(output.name, {})
        saved = [staged for staged in self.staged_artifacts if staged.name == artifact]
        if len(saved) == 1:
            return saved[0].title, saved[0].metadata
        if saved:
            problem = f"the step saved {len(saved)} versions of {artifact!r}"
            raise ArgumentError("log_metadata", problem, "Name the version: version=...")
        names = ", ".join(repr(output.name) for output in self.outputs) or "none"
        problem = f"{artifact!r} is no output of step {self.step!r} (it has {names})"
        remedy = "Name one of them, or with version=... a version that exists"
        raise ArgumentError("log_metadata", problem, remedy)

    def _only_output(self) -> OutputSpec:
        if len(self.outputs) == 1:
            return self.outputs[0]
        problem = f"step {self.step!r} has {len(self.outputs)} outputs, so it is not clear which"
        raise ArgumentError("log_metadata", problem, _NAME_ONE)

    def _output_named(self, name: str) -> OutputSpec | None:
        # The output's own name first: it is unique within the step, the artifact's need not be.
        by_name = [output for output in self.outputs if output.name == name]
        by_artifact = [output for output in self.outputs if output.artifact == name]
        return next(iter([*by_name, *by_artifact]), None)

    def _stage_for_version(
        self, artifact: str, version: str, entries: dict[str, JsonValue]
    ) -> None:
        check_artifact_name("log_metadata", artifact)
        check_version_name("log_metadata", "version", version)
        title = f"{artifact}@{version}"
        for saved in self.staged_artifacts:
            if saved.title == title:
                merge_metadata(title, saved.metadata, entries)
                return
        staged = {
            item.key: item.value
            for item in self.staged_foreign_metadata
            if (item.artifact, item.version) == (artifact, version)
        }
        fresh = {key: value for key, value in entries.items() if key not in staged}
        merge_metadata(title, staged, entries)
        self.staged_foreign_metadata.extend(
            StagedMetadata(artifact, version, key, value) for key, value in fresh.items()
        )


_ACTIVE: ContextVar[StepContext | None] = ContextVar("raincheck_step_context", default=None)


def active_step_context() -> StepContext | None:
    """The context of the step that runs here, or None outside of one."""
    return _ACTIVE.get()


def get_step_context() -> StepContext:
    """The context of the step that runs here.

    Raises:
        NoContextError: outside of a running step.
    """
    context = _ACTIVE.get()
    if context is None:
        raise NoContextError("get_step_context()")
    return context


@contextmanager
def step_context(context: StepContext) -> Generator[None]:
    """Let `context` be the running step's while the block runs."""
    token = _ACTIVE.set(context)
    try:
        yield
    finally:
        _ACTIVE.reset(token)
