"""Selectors: which version of an artifact a reference means."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import (
    ALIAS_PATTERN,
    MetadataKey,
    ModelName,
    PipelineName,
    RunId,
    Tag,
    VersionName,
)


def _alias(text: str) -> str:
    if not re.fullmatch(ALIAS_PATTERN, text):
        hint = (
            f"did you mean the version @{text}?"
            if text.isdigit()
            else "an alias is letters, digits and . _ + -, not digits alone, not 'latest'"
        )
        raise ValueError(f"{text!r} is no alias: {hint}")
    return text


#: A movable name for a version: not all digits, not `latest`.
Alias = Annotated[str, AfterValidator(_alias)]


class Operator(StrEnum):
    """How a condition compares a metadata value; `lt` to `ge` compare numbers."""

    EQ = "eq"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    EXISTS = "exists"


class Condition(Contract):
    """A predicate over one top-level metadata key."""

    key: MetadataKey
    op: Operator
    value: JsonValue = None


class VersionSelector(Contract):
    """The version of that name."""

    by: Literal["version"] = "version"
    version: VersionName


class AliasSelector(Contract):
    """The version that the alias names."""

    by: Literal["alias"] = "alias"
    alias: Alias


class LatestSelector(Contract):
    """The version published last."""

    by: Literal["latest"] = "latest"


class BestSelector(Contract):
    """The version with the least or greatest metric; the newest of equals."""

    by: Literal["best"] = "best"
    metric: MetadataKey
    mode: Literal["min", "max"]


class TagSelector(Contract):
    """The newest version with the tag."""

    by: Literal["tag"] = "tag"
    tag: Tag


class WhereSelector(Contract):
    """The newest version whose metadata satisfies every condition."""

    by: Literal["where"] = "where"
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=8)]


class NthSelector(Contract):
    """The version so many before the newest."""

    by: Literal["nth"] = "nth"
    back: Annotated[int, Field(ge=0, le=1_000_000_000)]


class PipelineSelector(Contract):
    """The newest version that a run of the pipeline published."""

    by: Literal["pipeline"] = "pipeline"
    pipeline: PipelineName


class RunSelector(Contract):
    """The newest version that the run published."""

    by: Literal["run"] = "run"
    run: RunId


class TriggerSelector(Contract):
    """The version that triggered the run, or with `all` the list of those that did."""

    by: Literal["trigger"] = "trigger"
    take: Literal["newest", "all"] = "newest"


class ModelSelector(Contract):
    """The newest version of the artifact that is linked to a version of a model.

    That is the newest version of the model, unless one of the other fields says which.
    """

    by: Literal["model"] = "model"
    model: ModelName
    version: VersionName | None = None
    stage: Alias | None = None
    back: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    """The version of the model so many before the newest."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(item is not None for item in (self.version, self.stage, self.back)) > 1:
            raise ValueError("version, stage and back exclude each other; give one")
        return self

    @override
    def __str__(self) -> str:
        """The version of the model: `churn@3`, `churn:production`, `churn~1` or `churn`."""
        if self.version is not None:
            return f"{self.model}@{self.version}"
        if self.stage is not None:
            return f"{self.model}:{self.stage}"
        return self.model if self.back is None else f"{self.model}~{self.back}"


Selector = Annotated[
    VersionSelector
    | AliasSelector
    | LatestSelector
    | BestSelector
    | TagSelector
    | WhereSelector
    | NthSelector
    | PipelineSelector
    | RunSelector
    | TriggerSelector
    | ModelSelector,
    Field(discriminator="by"),
]
