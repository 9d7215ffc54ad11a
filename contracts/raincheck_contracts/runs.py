"""Runs and step runs as records: states, errors as data, what a step waits for."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.deletions import VersionDeleted
from raincheck_contracts.models import RunModel
from raincheck_contracts.names import (
    MODEL_PREFIX,
    Namespace,
    OutputName,
    PipelineName,
    RunId,
    StepName,
)
from raincheck_contracts.subscriptions import Trigger


class RunStatus(StrEnum):
    """State of a run as a person sees it; the last three are final."""

    QUEUED = "queued"
    """No step has started."""
    WAITING = "waiting"
    """No step runs or is queued, and at least one waits for what it refers to."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the run can no longer change."""
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}


class StepState(StrEnum):
    """State of a step run."""

    PENDING = "pending"
    """An earlier step of the run has not succeeded yet."""
    QUEUED = "queued"
    """Ready for a worker."""
    WAITING = "waiting"
    """Parked until what it refers to exists."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """An earlier step failed."""

    @property
    def final(self) -> bool:
        """Whether the step can no longer change."""
        return self in {
            StepState.SUCCEEDED,
            StepState.FAILED,
            StepState.CANCELLED,
            StepState.SKIPPED,
        }


class ErrorInfo(Contract):
    """An error as data."""

    type: str
    """Class of the exception, `module.QualifiedName`."""
    message: str
    traceback: str = ""
    retryable: bool = True


class MissingReason(StrEnum):
    """Why a reference cannot be resolved."""

    ARTIFACT_UNKNOWN = "artifact-unknown"
    VERSION_UNKNOWN = "version-unknown"
    ALIAS_UNKNOWN = "alias-unknown"
    METADATA_KEY_UNKNOWN = "metadata-key-unknown"
    TAG_UNKNOWN = "tag-unknown"
    NO_CANDIDATE = "no-candidate"
    """No version has the metric, or satisfies the conditions."""
    VERSION_PASSED = "version-passed"
    """The version can never come: the counter has passed it."""
    TOO_SELECTIVE = "too-selective"
    """Among the first 1,000 candidates too few qualify."""
    NO_OUTPUT = "no-output"
    """An earlier step returned nothing for this output."""
    METADATA_TOO_LARGE = "metadata-too-large"
    """The step would bind more than 64 KiB of metadata."""
    NOT_TRIGGERED = "not-triggered"
    """No version of the artifact is among the events that started the run."""
    RUN_HAS_NONE = "run-has-none"
    """The run has published no version of the artifact."""
    MOMENT_AHEAD = "moment-ahead"
    """The revision or time to ask for has not come, or is not over."""
    NONE_THEN = "none-then"
    """At that moment no version was the one."""
    MOMENT_FORGOTTEN = "moment-forgotten"
    """The alias has moved more often since than is kept."""
    MODEL_UNKNOWN = "model-unknown"
    MODEL_VERSION_UNKNOWN = "model-version-unknown"
    STAGE_UNKNOWN = "stage-unknown"
    """The model has no stage of that name, or the stage names no version."""
    MEMBER_UNKNOWN = "member-unknown"
    """No version of the artifact is linked to that version of the model."""
    MOMENT_ELSEWHERE = "moment-elsewhere"
    """The artifact is of the fall-back namespace, which counts revisions of its own."""
    TOO_MANY = "too-many"
    """It stands for over 100 versions, or the step would bind over 1,000."""
    VERSION_DELETED = "version-deleted"
    """The version that it names was deleted; its name is not used again."""
    BINDING_GONE = "binding-gone"
    """A version that it was bound to was deleted over 24 hours ago."""


class MissingReference(Contract):
    """A reference that could not be resolved when last looked at."""

    reference: str
    """As written."""
    reason: MissingReason
    deadline: int | None = None
    """When its wait ends, milliseconds since the epoch by the server's clock."""
    deleted: VersionDeleted | None = None
    """The version that is meant, when it was deleted."""
    namespaces: tuple[Namespace, ...] = ()
    """Where it was looked for, in a namespace with a fall-back: in the one that answers for
    the artifact, or in both when neither has it."""

    @override
    def __str__(self) -> str:
        """One sentence for a person."""
        return f"{self.reference}: {self._detail()}{self.where}"

    @property
    def where(self) -> str:
        """Where it was looked for, to go on in a sentence; empty without a fall-back."""
        if not self.namespaces:
            return ""
        if len(self.namespaces) == 1:
            return f" (in {self.namespaces[0]!r})"
        return ", neither in " + " nor in ".join(map(repr, self.namespaces))

    def _detail(self) -> str:
        version, _, key = self.reference.partition("#")
        artifact = re.split("[@:?~]", version, maxsplit=1)[0]
        selected = version[len(artifact) + 1 :]
        asked = self._model_version()
        model = re.split("[@:~]", asked, maxsplit=1)[0]
        return {
            MissingReason.MODEL_UNKNOWN: f"model {model!r} has no versions yet",
            MissingReason.MODEL_VERSION_UNKNOWN: f"there is no version {asked} of the model yet",
            MissingReason.STAGE_UNKNOWN: (
                f"no version of model {model!r} is in stage {asked[len(model) + 1 :]!r} now"
            ),
            MissingReason.MEMBER_UNKNOWN: (
                f"no version of {artifact!r} is linked to model version {asked} yet"
            ),
            MissingReason.ARTIFACT_UNKNOWN: f"artifact {artifact!r} has no versions yet",
            MissingReason.VERSION_UNKNOWN: f"{artifact!r} has no version {selected!r} yet",
            MissingReason.ALIAS_UNKNOWN: f"{artifact!r} has no alias {selected!r} yet",
            MissingReason.METADATA_KEY_UNKNOWN: f"{version} has no metadata at {key!r} yet",
            MissingReason.TAG_UNKNOWN: f"no version of {artifact!r} has that tag yet",
            MissingReason.NO_CANDIDATE: f"no version of {artifact!r} qualifies yet",
            MissingReason.VERSION_PASSED: (
                f"it can never come: the versions of {artifact!r} have counted past it"
            ),
            MissingReason.TOO_SELECTIVE: (
                f"of the first 1,000 candidates among the versions of {artifact!r} too few "
                "qualify; use a tag or an alias"
            ),
            MissingReason.NO_OUTPUT: "the earlier step returned nothing for this output",
            MissingReason.METADATA_TOO_LARGE: "the step would bind over 64 KiB of metadata",
            MissingReason.NOT_TRIGGERED: f"no version of {artifact!r} started this run",
            MissingReason.RUN_HAS_NONE: f"that run has published no version of {artifact!r}",
            MissingReason.MOMENT_AHEAD: "that revision or time is not over yet",
            MissingReason.NONE_THEN: f"no version of {artifact!r} was that one at that moment",
            MissingReason.MOMENT_FORGOTTEN: "the alias has moved 1,000 times since",
            MissingReason.MOMENT_ELSEWHERE: (
                "it is of another namespace, which counts revisions of its own; ask for a time"
            ),
            MissingReason.TOO_MANY: "it stands for over 100 versions, or the step binds over 1,000",
            MissingReason.VERSION_DELETED: f"{self.deleted}",
            MissingReason.BINDING_GONE: (
                f"the step was bound to it, and {self.deleted}; to bind the run anew: "
                "raincheck runs retry RUN --rebind"
            ),
        }[self.reason]

    def _model_version(self) -> str:
        """`churn:production` of a reference to it or to what is linked to it."""
        version = self.reference.partition("#")[0]
        if version.startswith(MODEL_PREFIX):
            return version.removeprefix(MODEL_PREFIX).partition("?")[0]
        return version.partition("?model=")[2]


class Loss(Contract):
    """An attempt that ended through no error of its step: its process or worker was gone."""

    at: int
    """Milliseconds since the epoch, by the server's clock."""
    attempt: Annotated[int, Field(ge=1)]
    node: str
    pid: int
    why: str = ""
    """How it ended, where that is known."""

    @override
    def __str__(self) -> str:
        """One sentence for a person."""
        why = f": {self.why}" if self.why else " was lost"
        return f"attempt {self.attempt} on {self.node}, process {self.pid}{why}"


class StepRun(Contract):
    """One execution of a step within a run."""

    run: RunId
    step: StepName
    state: StepState
    attempt: Annotated[int, Field(ge=0)] = 0
    lost: Annotated[int, Field(ge=0)] = 0
    """Attempts whose worker died."""
    losses: tuple[Loss, ...] = ()
    """Each of them."""
    node: str | None = None
    started_at: int | None = None
    """Milliseconds since the epoch, by the server's clock."""
    ended_at: int | None = None
    parked_at: int | None = None
    """When it first had to wait for what it refers to; milliseconds likewise."""
    not_before: int | None = None
    """When it may start: the end of a countdown, or of the pause before a retry; likewise."""
    bindings: dict[str, Binding] = {}
    """By the reference as written, or `step.output`."""
    revision: int | None = None
    """Index revision at which the step was bound."""
    missing: tuple[MissingReference, ...] = ()
    outputs: dict[OutputName, str] = {}
    """Output -> `artifact@version`."""
    cached_from: str | None = None
    """`run/step` that computed the outputs, when this step took them from the cache."""
    awaits: str | None = None
    """`run/step` that computes the same now, while this step waits for it."""
    error: ErrorInfo | None = None
    reason: str | None = None
    """Why it is in this state, where the state alone does not say."""


class Fork(Contract):
    """Of which run another is a fork, and in what it differs."""

    run: RunId
    pins: bool = True
    """Whether its references are the versions that the run had bound; if not, as written."""
    replaced: dict[str, str] = {}
    """By `step.parameter`, the reference that was given instead."""
    unbound: tuple[StepName, ...] = ()
    """Steps with references that stay as written, because the run had not bound them."""


class Run(Contract):
    """One execution of a pipeline."""

    id: RunId
    pipeline: PipelineName
    status: RunStatus
    parameters: dict[str, JsonValue] = {}
    submitted_at: int
    ended_at: int | None = None
    steps: tuple[StepRun, ...] = ()
    reason: str | None = None
    depth: Annotated[int, Field(ge=0)] = 0
    """Triggers between the first cause and this run."""
    trigger: Trigger | None = None
    """The events that started it; None when somebody queued it."""
    fork: Fork | None = None
    """The run that it repeats, for one that was queued by `rerun`."""
    model: RunModel | None = None
    """The version of a model to which it links what it publishes."""
