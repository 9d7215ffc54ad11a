"""Lineage: what a step had bound, and the graph of versions and step runs around a version."""

from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import (
    Digest,
    Namespace,
    OutputName,
    PipelineName,
    RunId,
    SeriesName,
    StepName,
    VersionName,
)
from raincheck_contracts.version_text import version_text

#: Versions that a step loads by itself, so many of which are kept.
MAX_LOADED = 100
#: Bytes of JSON up to which a value is kept in lineage, and of all that one step had bound.
MAX_VALUE_BYTES = 1_024
MAX_BOUND_BYTES = 64 * 1_024


class BoundReference(Contract):
    """What one reference of a parameter was bound to."""

    parameter: str
    """Of the step."""
    place: str = ""
    """Where within the parameter's value, a JSON Pointer; empty when it is the value."""
    reference: str
    """As it was written, or `step.output`."""
    artifact: SeriesName
    version: VersionName
    pointer: str | None = None
    """JSON Pointer into the metadata, for a metadata reference."""
    value: JsonValue = None
    """The metadata value that the step received."""
    value_left_out: bool = False
    """The value was too large to be kept here; the version's metadata has it."""
    namespace: Namespace | None = None
    """The fall-back that has the version; None for the own namespace."""

    @property
    def shown(self) -> str:
        """`artifact@version`, after `namespace/` when it is of the fall-back."""
        return version_text(self.artifact, self.version, self.namespace)


class BoundReferences(Contract):
    """All that a step run had bound, as it is kept for as long as what it made."""

    bound: tuple[BoundReference, ...] = ()
    left_out: Annotated[int, Field(ge=0)] = 0
    """How many more there were: they are too many to be kept."""
    loaded: tuple[str, ...] = ()
    """Versions that the step loaded by itself, by no reference of a parameter; at most 100."""


class LineageVersion(Contract):
    """A version in a lineage."""

    artifact: SeriesName
    version: VersionName
    digest: Digest | None = None
    """None, as all that follows, when the index no longer has the version."""
    type: str | None = None
    size: int | None = None
    """Bytes."""
    revision: int | None = None
    """Index revision of the publication."""
    published_at: int | None = None
    """Milliseconds since the epoch, by the index server's clock."""
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = {}
    """When it was read; values over a kibibyte are left out."""
    metadata_left_out: int = 0
    """How many are."""
    unlisted_users: int = 0
    """Older steps that used it and are no longer listed: 1,000 are."""
    deleted_at: int | None = None
    """Milliseconds since the epoch; None for a version that is there. Of a deleted one its
    digest, publication and users are known."""
    deleted_by: str = ""
    namespace: Namespace | None = None
    """The fall-back that has it; None for the own namespace. What it came from is told there."""

    @property
    def name(self) -> str:
        """`artifact@version`, after `namespace/` when it is of the fall-back."""
        return version_text(self.artifact, self.version, self.namespace)


class LineageStep(Contract):
    """A step run in a lineage."""

    key: str
    """`run/step@revision`; unique."""
    run: RunId
    step: StepName
    pipeline: PipelineName | None = None
    ended_at: int | None = None
    """Milliseconds since the epoch, by the index server's clock."""
    revision: int | None = None
    """Index revision at which its references were bound."""
    exact: bool = True
    """False when only the versions are known that it had bound: it ran with an earlier
    release."""
    left_out: int = 0
    """References that were too many to be kept."""
    cached_from: str | None = None
    """`run/step` that computed its outputs, when it took them from the cache."""


class LineageEdge(Contract):
    """A version that a step run had bound, made, taken from the cache, or loaded by itself."""

    kind: Literal["bound", "produced", "reused", "loaded"]
    version: str
    """`artifact@version`."""
    step: str
    """Key of the step run."""
    output: OutputName | None = None
    """Of the step, when it was produced or reused."""
    parameter: str | None = None
    """None, as all that follows, when it was not bound, or is not known."""
    place: str = ""
    reference: str | None = None
    pointer: str | None = None
    value: JsonValue = None
    value_left_out: bool = False
    from_cache: bool = False
    """It is the output of an earlier step of the same run, which took it from the cache."""


class Lineage(Contract):
    """What a version came from and what came of it."""

    root: str
    """`artifact@version`."""
    direction: Literal["up", "down", "both"]
    versions: tuple[LineageVersion, ...]
    """The root first, then in the order of their distance."""
    steps: tuple[LineageStep, ...] = ()
    edges: tuple[LineageEdge, ...] = ()
    truncated: bool = False
    """Whether there is more than was asked for by depth and limit."""
