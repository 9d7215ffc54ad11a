"""Models in the index: runs that work on one, and what is linked."""

from typing import Any

from raincheck.index.replies import Completed
from raincheck_contracts._base import JsonValue
from raincheck_contracts.models import ModelChoice, RunModel
from raincheck_contracts.pipelines import PipelineSpec, StepSpec
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver

NEW = ModelChoice(name="churn")
LATEST = ModelChoice(name="churn", take="latest")
PRODUCTION = ModelChoice(name="churn", take="stage", stage="production")


def named(version: str) -> ModelChoice:
    """The version of that name, made if it is not there."""
    return ModelChoice(name="churn", take="named", version=version)


def model_pipeline(model: ModelChoice, *steps: StepSpec, **more: Any) -> PipelineSpec:
    """A pipeline with a model, of one step `fit` unless others are given."""
    return pipeline(*(steps or (step("fit"),)), model=model, **more)


def finish(
    driver: Driver,
    run: str,
    name: str,
    *artifacts: str,
    metadata: dict[str, JsonValue] | None = None,
) -> Completed:
    """Claim a step and complete it as a worker does, with a version of each artifact."""
    attempt = driver.attempt(run, name)
    outputs = [new_version(artifact, output=artifact) for artifact in artifacts]
    model = new_version("model/churn", metadata=metadata)
    return driver.index.runs.complete(attempt, outputs, model=model)


def train(driver: Driver, *artifacts: str, model: ModelChoice = NEW) -> str:
    """A run of one step that publishes these; its id."""
    run = driver.submit(model_pipeline(model))
    finish(driver, run, "fit", *(artifacts or ("trained_model",)))
    return run


def put(driver: Driver, stage: str, version: str) -> None:
    """Put a version of the model into a stage."""
    driver.index.versions.set_alias(nonce(), "model/churn", stage, version)


def members(driver: Driver, version: str) -> dict[str, str]:
    """The newest linked version of each artifact."""
    return driver.index.models.newest_members("churn", version)


def model_of(driver: Driver, run: str) -> RunModel | None:
    """The model of a run, as its record has it."""
    return driver.index.records.run(run).model
