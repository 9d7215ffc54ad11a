"""What a pipeline function knows about its pipeline while it is compiled."""

from dataclasses import dataclass
from typing import Any

from raincheck.authoring.compiling import active_recorder
from raincheck.authoring.lazy import LazyRunMetadata, lazy_artifact_version
from raincheck.authoring.models import Model
from raincheck.durations import Duration, seconds_of
from raincheck.name_checks import check_artifact_name
from raincheck_contracts.errors import CompileError, NoContextError
from raincheck_contracts.references import Reference


@dataclass(frozen=True, slots=True)
class LazyModel:
    """A version of a model that is not resolved yet; of a pipeline's own that of the run.

    Whatever it gives is bound when a step starts. For the pipeline's own model that is the one
    version that the run works on, also when a stage moves while it runs.
    """

    model: Model
    pipeline: str | None = None
    """Whose runs work on it; None when it was asked for by itself."""

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    def get_artifact(self, name: str, *, wait: Duration | None = None) -> Any:
        """The newest version of an artifact that is linked to it, as a lazy handle.

        Args:
            name: the artifact.
            wait: how long a step may wait for it.

        Raises:
            ArgumentError: the name cannot be one.
            CompileError: the runs of the pipeline make a new version, which is empty.
        """
        check_artifact_name("get_artifact", name)
        self._refuse_new(f"artifact {name!r}")
        seconds = None if wait is None else seconds_of(wait)
        reference = Reference(artifact=name, selector=self.model.selector, wait=seconds)
        return lazy_artifact_version(reference)

    @property
    def run_metadata(self) -> Any:
        """What was logged with it; `["accuracy"]` is a reference to one entry.

        Raises:
            CompileError: the runs of the pipeline make a new version, which is empty.
        """
        self._refuse_new("its metadata")
        return LazyRunMetadata(self.model.reference)

    def _refuse_new(self, what: str) -> None:
        if self.pipeline is not None and self.model.choice.take == "new":
            problem = (
                f"each run makes a new version of model {self.name!r}, so {what} is not there "
                "before a step of the run has published it"
            )
            remedy = (
                "Use the step's return value; or work on a version that exists: "
                f'Model("{self.name}", version="latest"), or stage="production"'
            )
            raise CompileError(self.pipeline, "", "", problem, remedy)


@dataclass(frozen=True, slots=True)
class PipelineContext:
    """The pipeline whose function runs here."""

    name: str
    """Of the pipeline."""
    declared_model: Model | None = None
    """As `@pipeline(model=...)` was given it."""

    @property
    def model(self) -> LazyModel:
        """The version of the model that the run works on.

        Raises:
            CompileError: the pipeline has no model.
        """
        if self.declared_model is None:
            remedy = 'Give it one: @pipeline(model=Model("churn"))'
            raise CompileError(self.name, "", "", "it has no model", remedy)
        return LazyModel(self.declared_model, self.name)


def get_pipeline_context() -> PipelineContext:
    """The context of the pipeline function that runs here.

    Raises:
        NoContextError: outside of a pipeline function.
    """
    recorder = active_recorder()
    if recorder is None:
        raise NoContextError("get_pipeline_context()", "a pipeline function")
    return PipelineContext(recorder.pipeline, recorder.model)
