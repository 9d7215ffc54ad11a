"""Steps and pipelines: what authors write, and its compilation to pure data."""

from typing import TYPE_CHECKING

from raincheck.authoring.compiler import CompiledPipeline
from raincheck.authoring.compiling import compiling
from raincheck.authoring.context import (
    StagedArtifact,
    StagedMetadata,
    StepContext,
    active_step_context,
    get_step_context,
    step_context,
)
from raincheck.authoring.external import external_reference
from raincheck.authoring.lazy import (
    LazyArtifactVersion,
    LazyMetadata,
    LazyRunMetadata,
    lazy_artifact_version,
)
from raincheck.authoring.pipeline import Pipeline, pipeline
from raincheck.authoring.registry import find_pipeline, find_step, registered_pipelines
from raincheck.authoring.step import Step, step

if TYPE_CHECKING:
    # For type checkers a function from a value to its own type: only so may it stand
    # where a step's parameter is typed as what the step receives.
    from raincheck.authoring.external import external_artifact as ExternalArtifact  # noqa: N812
else:
    from raincheck.authoring.external import ExternalArtifact

__all__ = [
    "CompiledPipeline",
    "ExternalArtifact",
    "LazyArtifactVersion",
    "LazyMetadata",
    "LazyRunMetadata",
    "Pipeline",
    "StagedArtifact",
    "StagedMetadata",
    "Step",
    "StepContext",
    "active_step_context",
    "compiling",
    "external_reference",
    "find_pipeline",
    "find_step",
    "get_step_context",
    "lazy_artifact_version",
    "pipeline",
    "registered_pipelines",
    "step",
    "step_context",
]
