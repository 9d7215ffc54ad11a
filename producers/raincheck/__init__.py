"""Pipelines that exchange artifacts by late materialization: what authors import."""

from raincheck.authoring.context import get_step_context
from raincheck.authoring.external import ExternalArtifact, external_artifact
from raincheck.authoring.models import Model
from raincheck.authoring.pipeline import Pipeline, pipeline
from raincheck.authoring.pipeline_context import get_pipeline_context
from raincheck.authoring.step import Step, step
from raincheck.authoring.triggers import (
    alias_moved,
    all_of,
    any_of,
    batch,
    each,
    metadata_logged,
    newest,
    published,
    tagged,
    triggering,
)
from raincheck.client.artifact_listing import VersionPage
from raincheck.client.client import Client
from raincheck.client.model_version import ModelVersion
from raincheck.client.predicates import eq, exists, ge, gt, le, lt
from raincheck.client.published import PublishedVersion
from raincheck.client.saving import (
    PendingVersion,
    load_artifact,
    log_metadata,
    log_model_metadata,
    save_artifact,
)
from raincheck.deployment import Deployment, current_deployment, use_deployment
from raincheck.materializers import register_materializer, trust_types
from raincheck.queueing.enqueue import EnqueueOptions
from raincheck.queueing.run_handle import RunHandle
from raincheck.settings import Settings, read_settings
from raincheck_contracts.aliases import AliasMove, Promotion
from raincheck_contracts.deletions import Deletion, PruneEntry, Pruning, Tombstone
from raincheck_contracts.errors import RaincheckError
from raincheck_contracts.runs import RunStatus

__all__ = [
    "AliasMove",
    "Client",
    "Deletion",
    "Deployment",
    "EnqueueOptions",
    "ExternalArtifact",
    "Model",
    "ModelVersion",
    "PendingVersion",
    "Pipeline",
    "Promotion",
    "PruneEntry",
    "Pruning",
    "PublishedVersion",
    "RaincheckError",
    "RunHandle",
    "RunStatus",
    "Settings",
    "Step",
    "Tombstone",
    "VersionPage",
    "alias_moved",
    "all_of",
    "any_of",
    "batch",
    "current_deployment",
    "each",
    "eq",
    "exists",
    "external_artifact",
    "ge",
    "get_pipeline_context",
    "get_step_context",
    "gt",
    "le",
    "load_artifact",
    "log_metadata",
    "log_model_metadata",
    "lt",
    "metadata_logged",
    "newest",
    "pipeline",
    "published",
    "read_settings",
    "register_materializer",
    "save_artifact",
    "step",
    "tagged",
    "triggering",
    "trust_types",
    "use_deployment",
]
