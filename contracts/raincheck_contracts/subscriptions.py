"""Subscriptions: which events start which pipeline, how they are grouped, and how far it is."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import (
    FunctionPath,
    PipelineName,
    QueueName,
    RunId,
    SeriesName,
    Tag,
    VersionName,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import Alias, Condition

SUBSCRIPTION_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
SubscriptionName = Annotated[str, StringConstraints(pattern=SUBSCRIPTION_NAME_PATTERN)]
#: Limits of one subscription; its events are looked at in one script.
MAX_CONDITIONS = 32
MAX_BATCH = 256


class _Matching(Contract):
    artifact: SeriesName
    where: Annotated[tuple[Condition, ...], Field(max_length=8)] = ()
    """What the version's metadata must satisfy."""
    tag: Tag | None = None
    """A tag that it must have."""
    by: PipelineName | None = None
    """The pipeline that must have published it."""
    changed: bool = False
    """Whether its digest must be another than that of the version before it."""


class VersionCondition(_Matching):
    """A version, at the first of its events at which all of this holds.

    Its events are its publication, each metadata entry and each tag.
    """

    on: Literal["version"] = "version"


class AliasCondition(_Matching):
    """A move of an alias, each of them."""

    on: Literal["alias"] = "alias"
    alias: Alias


EventCondition = Annotated[VersionCondition | AliasCondition, Field(discriminator="on")]


class Grouping(Contract):
    """Which matches one run is for."""

    by: Literal["each", "batch", "newest"] = "each"
    window: Annotated[float, Field(ge=0)] = 0.0
    """Of a batch: seconds from its first event after which it is closed."""
    max: Annotated[int, Field(ge=1, le=MAX_BATCH)] = MAX_BATCH
    """Of a batch: matches that close it at once."""


class SubscriptionDefinition(Contract):
    """What an author deploys."""

    contract: Literal[1] = 1
    name: SubscriptionName
    pipeline: PipelineName
    function: FunctionPath
    parameters: dict[str, JsonValue] = {}
    """With which the pipeline was compiled."""
    spec: str
    """Digest of the compiled pipeline."""
    all_of: Annotated[
        tuple[Annotated[tuple[EventCondition, ...], Field(min_length=1)], ...],
        Field(min_length=1),
    ]
    """Parts that must all have a match; one of the conditions makes that of a part."""
    requires: tuple[Reference, ...] = ()
    """What must be there besides, and does not trigger."""
    group: Grouping = Grouping()
    limit: Annotated[int, Field(ge=0)] = 0
    """Runs that are live at once; 0 is any number."""
    when_full: Literal["queue", "replace", "skip"] = "queue"
    """What becomes of a group that finds no room."""
    feedback: bool = False
    """Whether events that the pipeline's own runs cause start it, too."""
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    """Triggers between the first cause and a run, above which none is started."""
    queue: QueueName | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    wait: Annotated[float, Field(ge=0)] | None = None
    """Seconds for which references are waited for; None is the deployment's."""

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The artifacts whose events concern it, in their order."""
        triggering = (item.artifact for part in self.all_of for item in part)
        required = (item.artifact for item in self.requires)
        return tuple(dict.fromkeys([*triggering, *required]))


class SubscriptionState(StrEnum):
    """Whether a subscription starts runs."""

    ACTIVE = "active"
    PAUSED = "paused"
    LAGGED = "lagged"
    """Events were forgotten before it looked at them; it is resumed by an explicit choice."""


class SubscriptionCounts(Contract):
    """What became of its matches, since it was first deployed."""

    matched: int = 0
    started: int = 0
    """Runs."""
    superseded: int = 0
    """By a later match of the same part of an `all_of` or of a full group of the newest, or by a
    deployment that is no longer about their artifact."""
    skipped: int = 0
    """They found no room."""
    replaced: int = 0
    """Runs that were cancelled for a later one."""
    own: int = 0
    """Caused by a run of the same pipeline."""
    deep: int = 0
    """Too many triggers lie between the first cause and them."""
    quiet: int = 0
    """Caused by a run of a backfill that does not cascade."""
    deleted: int = 0
    """Their versions were deleted before a run had started for them."""


class Subscription(Contract):
    """A subscription as the index records it."""

    definition: SubscriptionDefinition
    version: Annotated[int, Field(ge=1)]
    """Of its deployment, counted from 1."""
    state: SubscriptionState
    reason: str | None = None
    """Why it is not active."""
    cursor: str
    """The event up to which it has looked; while it is not behind, all others are none of its."""
    behind: bool = False
    """Whether there are events that it has not looked at."""
    gap: tuple[str, str] | None = None
    """Of a lagged one: the event after which some are missing, and the last one missing."""
    lacks: str | None = None
    """What it requires and has not found when it last wanted to start a run."""
    pending: int = 0
    """Matches that are in no run yet."""
    live: int = 0
    """Runs that have not ended."""
    counts: SubscriptionCounts = SubscriptionCounts()
    created_at: int
    """Milliseconds since the epoch, by the server's clock."""
    updated_at: int


class Backfill(Contract):
    """Runs for versions that were there already."""

    subscription: SubscriptionName
    number: Annotated[int, Field(ge=1)]
    """Counted from 1 for each subscription."""
    up_to: Annotated[int, Field(ge=0)]
    """The revision up to which versions are looked at; what came later is for live events."""
    again: bool = False
    """Whether versions that had their run get another."""
    cascade: bool = False
    """Whether the events of its runs start further runs."""
    limit: Annotated[int, Field(ge=1)]
    """Runs that are live at once."""
    pending: int = 0
    """Matches that are in no run yet."""
    live: int = 0
    """Runs that have not ended."""
    ended_at: int | None = None
    """When all versions had been looked at; milliseconds since the epoch."""


class TriggeringEvent(Contract):
    """An event that started a run, alone or with others."""

    event: str
    """Its id."""
    kind: Literal["published", "metadata", "tag", "alias"]
    artifact: SeriesName
    version: VersionName


class Trigger(Contract):
    """What started a run."""

    subscription: SubscriptionName
    events: tuple[TriggeringEvent, ...]
    """In the order of the index; the newest 256."""
    count: Annotated[int, Field(ge=1)]
    """How many they are in all."""
    backfill: int | None = None
    """Of which backfill."""


class Outcome(StrEnum):
    """What became of an event that matched."""

    PENDING = "pending"
    STARTED = "started"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    OWN = "own"
    DEEP = "deep"
    QUIET = "quiet"
    DELETED = "deleted"


class Match(Contract):
    """An event that a subscription's condition has met, and what became of it."""

    outcome: Outcome
    run: RunId | None = None
    """That it started; it may be forgotten by now."""
