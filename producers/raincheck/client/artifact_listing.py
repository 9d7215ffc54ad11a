"""What a client lists."""

from collections.abc import Iterator

from raincheck.client.access import Access
from raincheck.client.published import PublishedVersion


class ArtifactListing(Access):
    """Lists of artifacts and their versions."""

    def list_artifact_versions(
        self, name: str, *, limit: int | None = None
    ) -> Iterator[PublishedVersion]:
        """The versions of an artifact, newest first.

        Args:
            name: the artifact.
            limit: at most so many; None is all, read in pages.
        """
        deployment = self.deployment
        for record in deployment.index.records.versions(name, limit):
            yield PublishedVersion(record, deployment)

    def list_artifacts(self) -> list[str]:
        """The names of all artifacts."""
        return self.deployment.index.records.artifact_names()
