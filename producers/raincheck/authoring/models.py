"""Models: what an author names to group what the runs of a pipeline publish."""

from dataclasses import dataclass

from pydantic import ValidationError
from typing_extensions import override

from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.models import ModelChoice
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    LatestSelector,
    ModelSelector,
    Selector,
    VersionSelector,
)

_REMEDY = 'Write Model("churn"), Model("churn", version="3") or Model("churn", stage="production")'


@dataclass(frozen=True, slots=True)
class Model:
    """A model, or one of its versions.

    With `@pipeline(model=...)` it says to which version of the model a run links what it
    publishes: `Model("churn")` makes a new one for each run, when the run first publishes;
    `version="cat"` is the one of that name, made likewise if it is not there;
    `version="latest"` and `stage="production"` are one that is there, which the run's first
    step waits for. In a question such as `get_artifact_version(..., model=...)`,
    `Model("churn")` is its newest version.

    Args:
        name: as an artifact's: up to 64 of a-z, 0-9, `.`, `_`, `-`.
        version: its name or number, or `latest`.
        stage: a stage of the model: the version that is in it.

    Raises:
        ArgumentError: a name that cannot be one, or both version and stage.
    """

    name: str
    version: str | int | None = None
    stage: str | None = None

    def __post_init__(self) -> None:
        if self.version is not None and self.stage is not None:
            problem = f"version={self.version!r} and stage={self.stage!r} are given together"
            raise ArgumentError("Model", problem, "Give one of them")
        _ = self.choice

    @property
    def choice(self) -> ModelChoice:
        """What it is to the runs of a pipeline."""
        if self.version == "latest":
            return self._checked(take="latest")
        if self.version is not None:
            return self._checked(take="named", version=str(self.version))
        return self._checked(take="new" if self.stage is None else "stage", stage=self.stage)

    def _checked(self, **fields: object) -> ModelChoice:
        try:
            return ModelChoice.model_validate({"name": self.name, **fields})
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"{item}: " for item in first["loc"] if isinstance(item, str))
            raise ArgumentError("Model", f"{where}{first['msg']}", _REMEDY) from error

    @property
    def selector(self) -> ModelSelector:
        """Selects what is linked to it."""
        if self.version is None or self.version == "latest":
            return ModelSelector(model=self.name, stage=self.stage)
        return ModelSelector(model=self.name, version=str(self.version))

    @property
    def reference(self) -> Reference:
        """To the version of the model itself."""
        selector: Selector = LatestSelector()
        if self.stage is not None:
            selector = AliasSelector(alias=self.stage)
        elif self.version is not None and self.version != "latest":
            selector = VersionSelector(version=str(self.version))
        return Reference(artifact=self.choice.artifact, selector=selector)

    @override
    def __str__(self) -> str:
        """`churn`, `churn@3`, `churn:production`."""
        return str(self.choice)
