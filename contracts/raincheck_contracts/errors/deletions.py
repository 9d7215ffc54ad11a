"""Errors: a version was deleted, or must not be."""

from datetime import UTC, datetime

from typing_extensions import override

from raincheck_contracts.errors.index import IndexAccessError
from raincheck_contracts.errors.resolution import ReferenceNotFoundError


class VersionDeletedError(ReferenceNotFoundError):
    """The version was deleted."""

    def __init__(self, artifact: str, version: str, deleted_at: int, by: str, why: str) -> None:
        super().__init__((f"{artifact}@{version}",))
        self.args = (artifact, version, deleted_at, by, why)
        self.artifact = artifact
        self.version = version
        self.deleted_at = deleted_at
        """Milliseconds since the epoch, by the index server's clock."""
        self.by = by
        self.why = why

    @override
    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.deleted_at / 1000, UTC)
        by, why = f" by {self.by}" if self.by else "", f": {self.why}" if self.why else ""
        return (
            f"{self.artifact}@{self.version} was deleted on {moment:%Y-%m-%d %H:%M} UTC{by}{why}. "
            "Its name is not used again"
        )


class VersionAliasedError(IndexAccessError):
    """Aliases name the version, so it is not deleted."""

    def __init__(self, artifact: str, version: str, aliases: tuple[str, ...]) -> None:
        super().__init__(artifact, version, aliases)
        self.artifact = artifact
        self.version = version
        self.aliases = aliases

    @override
    def __str__(self) -> str:
        are = "are aliases" if len(self.aliases) > 1 else "is an alias"
        return (
            f"{', '.join(self.aliases)} {are} of {self.artifact}@{self.version}. Let them name "
            "another version first, or remove them with it: force=True, --force"
        )


class VersionLinkedError(IndexAccessError):
    """The version is linked to versions of models, so it is not deleted."""

    def __init__(self, artifact: str, version: str, models: tuple[str, ...]) -> None:
        super().__init__(artifact, version, models)
        self.artifact = artifact
        self.version = version
        self.models = models
        """`model@version` of each."""

    @override
    def __str__(self) -> str:
        return (
            f"{self.artifact}@{self.version} belongs to {', '.join(self.models)} among the models. "
            "Take it out of them with it: force=True, --force"
        )
