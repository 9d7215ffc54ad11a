"""A version that exists, as eager callers hold it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from raincheck.authoring.context import active_step_context
from raincheck.client.metadata_view import RunMetadata
from raincheck.deployment import Deployment
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import BlobMissingError


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One immutable version of an artifact."""

    record: ArtifactVersion
    deployment: Deployment

    @property
    def name(self) -> str:
        """The artifact."""
        return self.record.artifact

    @property
    def version(self) -> str:
        """The version's name."""
        return self.record.version

    @property
    def namespace(self) -> str | None:
        """The fall-back that it was read from; None for the own namespace."""
        return self.record.namespace

    @property
    def digest(self) -> str:
        """BLAKE3 of the stored bytes."""
        return self.record.record.digest

    @property
    def type(self) -> str:
        """The recorded Python type."""
        return self.record.record.manifest.type

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags when it was read."""
        return self.record.tags

    @property
    def published_at(self) -> datetime:
        """Time of publication, by the index server's clock."""
        return datetime.fromtimestamp(self.record.published_at / 1000, UTC)

    @property
    def run_metadata(self) -> RunMetadata:
        """Metadata when it was read."""
        return RunMetadata(f"{self.name}@{self.version}", self.record.metadata)

    def load(self) -> object:
        """Materialize the value.

        It can also be loaded for 24 hours after it was deleted. In a step it is noted for the
        lineage, though it is no input of the step: a retry may load another one.

        Raises:
            VersionDeletedError: it was deleted, and its bytes went with its record.
            StoreError: the bytes are missing, corrupt or of an untrusted type.
        """
        index = self.deployment.index.elsewhere(self.namespace)
        inline = index.records.inline(self.name, self.version)
        try:
            value = self.deployment.store.load(self.record.record, inline)
        except BlobMissingError as error:
            index.deletions.check_there(self.name, self.version, cause=error)
            raise
        context = active_step_context()
        if context is not None:
            context.loaded[self.record.shown] = None
        return value
