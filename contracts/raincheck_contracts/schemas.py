"""JSON Schemas of everything that crosses a process, for readers in any language."""

from typing import Any

from pydantic import BaseModel

from raincheck_contracts.aliases import AliasMove, Promotion
from raincheck_contracts.artifacts import ArtifactVersion, Binding, VersionRecord
from raincheck_contracts.deletions import Deletion, Pruning, Tombstone
from raincheck_contracts.events import (
    AliasMoved,
    AliasRemoved,
    ArtifactVersionDeleted,
    ArtifactVersionPublished,
    IndexReopened,
    MetadataLogged,
    RunFinished,
    SubscriptionLagged,
    TagAdded,
)
from raincheck_contracts.lineage import BoundReferences, Lineage
from raincheck_contracts.messages import RunRequest, StepTask
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run
from raincheck_contracts.subscriptions import Subscription, SubscriptionDefinition

_PUBLIC: tuple[type[BaseModel], ...] = (
    AliasMove,
    AliasMoved,
    AliasRemoved,
    ArtifactVersion,
    ArtifactVersionDeleted,
    ArtifactVersionPublished,
    Binding,
    BoundReferences,
    Deletion,
    IndexReopened,
    Lineage,
    MetadataLogged,
    PipelineSpec,
    Promotion,
    Pruning,
    Run,
    RunFinished,
    RunRequest,
    StepTask,
    Subscription,
    SubscriptionDefinition,
    SubscriptionLagged,
    TagAdded,
    Tombstone,
    VersionRecord,
)


def json_schemas() -> dict[str, dict[str, Any]]:
    """The schemas (draft 2020-12) by file name without suffix.

    They are kept in `contracts/schemas/`, and a test fails when these differ, so that a
    change of the wire is a change of a reviewed file.
    """
    return {
        model.__name__: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(),
        }
        for model in _PUBLIC
    }
