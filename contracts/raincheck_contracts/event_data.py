"""What events say: the data of each kind."""

from typing import Annotated

from pydantic import Field

from raincheck_contracts._base import Contract
from raincheck_contracts.names import (
    MetadataKey,
    PipelineName,
    RunId,
    SeriesName,
    Tag,
    VersionName,
)
from raincheck_contracts.runs import RunStatus
from raincheck_contracts.selectors import Alias
from raincheck_contracts.subscriptions import SubscriptionName


class _Cause(Contract):
    run: RunId | None = None
    """The run that did it; None when done by hand."""
    depth: Annotated[int, Field(ge=0)] = 0
    """Triggers between the first cause and this event."""
    pipeline: PipelineName | None = None
    """The pipeline of that run."""
    quiet: bool = False
    """Whether it starts no runs: a backfill that does not cascade caused it."""


class VersionPublishedData(_Cause):
    """What `ArtifactVersionPublished` says."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]


class AliasMovedData(_Cause):
    """What `AliasMoved` says."""

    artifact: SeriesName
    alias: Alias
    version: VersionName
    previous: VersionName | None = None


class TagAddedData(_Cause):
    """What `TagAdded` says."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    tag: Tag


class MetadataLoggedData(_Cause):
    """What `MetadataLogged` says."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    key: MetadataKey


class AliasRemovedData(_Cause):
    """What `AliasRemoved` says."""

    artifact: SeriesName
    alias: Alias
    version: VersionName
    """That it named until then."""


class VersionDeletedData(_Cause):
    """What `ArtifactVersionDeleted` says."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    by: str = ""
    """Who deleted it."""
    why: str = ""


class RunFinishedData(Contract):
    """What `RunFinished` says."""

    run: RunId
    depth: Annotated[int, Field(ge=0)] = 0
    pipeline: PipelineName
    quiet: bool = False
    status: RunStatus


class IndexReopenedData(Contract):
    """What `IndexReopened` says."""

    epoch: str
    """Of the index from this event on."""


class SubscriptionLaggedData(Contract):
    """What `SubscriptionLagged` says."""

    subscription: SubscriptionName
    after: str
    """The last event that it has looked at."""
    up_to: str
    """The last event that was forgotten before it could."""
