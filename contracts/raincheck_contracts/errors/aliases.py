"""Errors: an alias is not moved."""

from typing_extensions import override

from raincheck_contracts.errors.index import IndexAccessError


class AliasGuardedError(IndexAccessError):
    """Only runs of certain pipelines may move the alias."""

    def __init__(self, artifact: str, alias: str, mover: str, pipelines: tuple[str, ...]) -> None:
        super().__init__(artifact, alias, mover, pipelines)
        self.artifact = artifact
        self.alias = alias
        self.mover = mover
        """The pipeline whose run tried; empty when it was done by hand."""
        self.pipelines = pipelines
        """Those that may."""

    @override
    def __str__(self) -> str:
        tried = f"pipeline {self.mover}" if self.mover else "a move by hand"
        return (
            f"{self.artifact}:{self.alias} is moved by {' or '.join(self.pipelines)} alone, not by "
            f"{tried}. Let a step of that pipeline do it, or set the alias free first: "
            f"raincheck artifacts protect {self.artifact} --alias {self.alias} --free"
        )


class MetricMissingError(IndexAccessError, LookupError):
    """Versions cannot be compared: one of them has no such number among its metadata."""

    def __init__(self, artifact: str, version: str, metric: str, role: str, found: str) -> None:
        super().__init__(artifact, version, metric, role, found)
        self.artifact = artifact
        self.version = version
        self.metric = metric
        self.role = role
        """`candidate`, or `incumbent`: what the alias names now."""
        self.found = found
        """JSON of what it has instead of a number; empty for nothing."""

    @override
    def __str__(self) -> str:
        name = f"{self.artifact}@{self.version}"
        problem = f"has {self.metric}={self.found}, which is no number"
        if not self.found:
            problem = f"has no {self.metric}"
        if self.role == "incumbent":
            return (
                f"{name}, which the alias names now, {problem}: nobody can say what is better. Log "
                "it for that version, or promote without a comparison"
            )
        return f"{name} {problem}: it cannot be compared. Log it before the promotion"


class RollbackRefusedError(IndexAccessError):
    """There is nothing that an alias could go back to."""

    def __init__(self, artifact: str, alias: str, why: str, version: str) -> None:
        super().__init__(artifact, alias, why, version)
        self.artifact = artifact
        self.alias = alias
        self.why = why
        """`unset`, `first`, `forgotten` or `gone`."""
        self.version = version
        """The version that is gone; else empty."""

    @override
    def __str__(self) -> str:
        match self.why:
            case "unset":
                problem = "it names nothing"
            case "first":
                problem = "no earlier version is recorded that is not undone already"
            case "forgotten":
                problem = "what it named before is no longer in its history, of 1,000 moves"
            case _:
                problem = f"version {self.version}, which it named before, is gone"
        return (
            f"{self.artifact}:{self.alias} cannot be rolled back: {problem}. Name the version: "
            f"raincheck artifacts alias {self.artifact} {self.alias} VERSION"
        )
