"""Models: which version of one a pipeline's runs work on, and what is known of one."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from raincheck_contracts._base import Contract
from raincheck_contracts.names import MODEL_PREFIX, ModelName, RunId, SeriesName, VersionName
from raincheck_contracts.selectors import Alias


class ModelChoice(Contract):
    """The version of a model that a run works on; fixed once for the whole run."""

    name: ModelName
    take: Literal["new", "named", "latest", "stage"] = "new"
    """`new`: one of its own, made when the run first publishes; `named`: the one of that name,
    made likewise if it is not there; `latest` and `stage`: one that is there."""
    version: VersionName | None = None
    """Its name; goes with `named`."""
    stage: Alias | None = None
    """What names it; goes with `stage`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.version is None) is (self.take == "named"):
            raise ValueError("version goes with take='named', and that with it")
        if (self.stage is None) is (self.take == "stage"):
            raise ValueError("stage goes with take='stage', and that with it")
        return self

    @property
    def artifact(self) -> str:
        """The series of its versions."""
        return MODEL_PREFIX + self.name

    @override
    def __str__(self) -> str:
        """`churn@3`, `churn:production`, `churn:latest`, or `churn` for a new one."""
        if self.version is not None:
            return f"{self.name}@{self.version}"
        if self.stage is not None:
            return f"{self.name}:{self.stage}"
        return f"{self.name}:latest" if self.take == "latest" else self.name


class RunModel(Contract):
    """The version of a model that a run works on, as its record has it."""

    name: ModelName
    version: VersionName | None = None
    """None as long as it is not fixed: a run that makes one has published nothing yet."""

    @override
    def __str__(self) -> str:
        """`churn@3`, or `churn`."""
        return self.name if self.version is None else f"{self.name}@{self.version}"


class ModelMember(Contract):
    """A version of an artifact that is linked to a version of a model."""

    artifact: SeriesName
    version: VersionName
    revision: Annotated[int, Field(ge=1)]
    """Of the index, when it was linked."""
    run: RunId | None = None
    """Whose step published it; None when that was done by hand."""

    @override
    def __str__(self) -> str:
        """`trained_model@42`."""
        return f"{self.artifact}@{self.version}"
