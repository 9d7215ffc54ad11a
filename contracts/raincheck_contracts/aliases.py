"""Aliases: a promotion and what came of it, the moves of an alias."""

from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract
from raincheck_contracts.names import PipelineName, RunId, SeriesName, VersionName


class Promotion(Contract):
    """What came of a promotion or a rollback."""

    artifact: SeriesName
    alias: str
    moved: bool
    """Whether this call moved the alias."""
    candidate: VersionName
    """What it was to name."""
    version: VersionName
    """What it names after the call."""
    replaced: VersionName | None = None
    """What it named before; None for nothing."""
    metric: str | None = None
    """The metadata key that was compared; None when nothing was."""
    mode: Literal["min", "max"] | None = None
    """Whether less or more of the metric is better."""
    old: int | float | None = None
    """The metric of the version that it named before."""
    new: int | float | None = None
    """The candidate's metric."""
    revision: Annotated[int, Field(ge=0)]
    """Of the index, after the call."""

    @property
    def reason(self) -> str:
        """Why it moved or did not, in words."""
        if self.candidate == self.replaced:
            return f"{self.alias} names {self.version} already"
        if self.replaced is None:
            return f"{self.alias} named nothing before"
        if self.metric is None:
            return f"it replaces {self.replaced}"
        new = f"{self.metric}={self.new} of {self.candidate}"
        if self.moved:
            return f"{new} is better than {self.old} of {self.replaced}"
        word = "less" if self.mode == "min" else "greater"
        return f"{new} is not {word} than {self.old} of {self.replaced}, which stays"


class AliasMove(Contract):
    """One move of an alias, as the index keeps it."""

    artifact: SeriesName
    alias: str
    revision: Annotated[int, Field(ge=1)]
    """Of the index; what the alias named at a revision is `to` of the last move up to it."""
    at: Annotated[int, Field(ge=0)]
    """Milliseconds since the epoch, by the index server's clock."""
    how: Literal["set", "promote", "rollback", "remove"]
    """Removed it is by hand, or when the version that it names is deleted by force."""
    by: str
    """Who moved it; empty when that was not said."""
    why: str = ""
    replaced: VersionName | None = None
    """What it named before; None for nothing."""
    to: VersionName | None
    """What it names since; None for nothing."""
    run: RunId | None = None
    """The run whose step moved it; None when it was done by hand."""
    pipeline: PipelineName | None = None
    """Of that run."""
    metric: str | None = None
    """The metadata key that was compared; None when nothing was."""
    mode: Literal["min", "max"] | None = None
    old: int | float | None = None
    """The metric of the version before."""
    new: int | float | None = None
    """The metric of the version after."""
