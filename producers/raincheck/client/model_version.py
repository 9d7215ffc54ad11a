"""A version of a model that exists, as eager callers hold it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from raincheck.client.metadata_view import RunMetadata
from raincheck.client.published import PublishedVersion
from raincheck.deployment import Deployment
from raincheck.messaging.waking import wake
from raincheck.name_checks import check_artifact_name
from raincheck_contracts.aliases import AliasMove, Promotion
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import ReferenceNotFoundError
from raincheck_contracts.models import ModelMember
from raincheck_contracts.names import MODEL_PREFIX
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import ModelSelector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raincheck.client.artifact_changes import ArtifactChanges

#: Runs that are kept of one version.
_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model: what is linked to it, its metadata, runs and stages.

    Name, number, tags and metadata are those of the moment at which it was read; stages,
    artifacts and runs are asked for each time.
    """

    record: ArtifactVersion
    deployment: Deployment

    @property
    def name(self) -> str:
        """The model."""
        return self.record.artifact.removeprefix(MODEL_PREFIX)

    @property
    def version(self) -> str:
        """Name or number of the version."""
        return self.record.version

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags when it was read."""
        return self.record.tags

    @property
    def run(self) -> str | None:
        """The run that made it; None when it was made by hand."""
        return self.record.record.run

    @property
    def created_at(self) -> datetime:
        """When it was made, by the index server's clock."""
        return datetime.fromtimestamp(self.record.published_at / 1000, UTC)

    @property
    def run_metadata(self) -> RunMetadata:
        """Metadata when it was read."""
        return RunMetadata(f"{self.name}@{self.version}", self.record.metadata)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that it is in now."""
        aliases = self.deployment.index.records.aliases(self.record.artifact)
        return tuple(stage for stage, version in aliases.items() if version == self.version)

    @property
    def artifacts(self) -> dict[str, PublishedVersion]:
        """The newest linked version of each artifact, by artifact."""
        index = self.deployment.index
        found: dict[str, PublishedVersion] = {}
        for artifact, version in index.models.newest_members(self.name, self.version).items():
            record = index.records.version(artifact, version)
            if record is not None:
                found[artifact] = PublishedVersion(record, self.deployment)
        return found

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that work on it, the newest first; 1,000 are kept."""
        return tuple(self.deployment.index.models.runs(self.name, self.version, _RUNS))

    def get_artifact(self, name: str) -> PublishedVersion:
        """The newest version of an artifact that is linked to it.

        Args:
            name: the artifact.

        Raises:
            ArgumentError: the name cannot be one.
            ReferenceNotFoundError: none is linked.
        """
        check_artifact_name("get_artifact", name)
        index = self.deployment.index
        version = index.models.newest_member(self.name, self.version, name)
        record = None if version is None else index.records.version(name, version)
        if record is None:
            selector = ModelSelector(model=self.name, version=self.version)
            asked = str(Reference(artifact=name, selector=selector))
            missing = MissingReference(reference=asked, reason=MissingReason.MEMBER_UNKNOWN)
            raise ReferenceNotFoundError((str(missing),))
        return PublishedVersion(record, self.deployment)

    def members(self, limit: int = 100) -> list[ModelMember]:
        """All versions of artifacts that are linked to it, what was linked last first.

        Args:
            limit: at most so many.
        """
        return self.deployment.index.models.members(self.name, self.version, limit)

    def link(self, artifact: str, version: str | int | None = None) -> str:
        """Link a version of an artifact to it, at once; linking twice is fine.

        Args:
            artifact: its name.
            version: of it; None is the newest.

        Returns:
            The version that was linked.

        Raises:
            ArgumentError: the name cannot be one.
            ReferenceNotFoundError: there is no such version.
        """
        check_artifact_name("link", artifact)
        index = self.deployment.index
        text = "" if version is None else str(version)
        if not text:
            newest = next(iter(index.records.versions(artifact, 1)), None)
            text = "" if newest is None else newest.version
        done = index.models.link(self.name, self.version, artifact, text)
        if done.dirty:
            wake(index, self.deployment.hints)
        return done.version

    def unlink(self, artifact: str, version: str | int) -> None:
        """Take a version of an artifact out of it, at once; the version itself stays.

        Steps that are bound to it keep it. Taking out what is not linked is fine.

        Args:
            artifact: its name.
            version: of it.

        Raises:
            ArgumentError: the name cannot be one.
            ReferenceNotFoundError: there is no such version.
        """
        check_artifact_name("unlink", artifact)
        index = self.deployment.index
        if index.models.unlink(self.name, self.version, artifact, str(version)).dirty:
            wake(index, self.deployment.hints)

    def log_metadata(self, metadata: "Mapping[str, object]") -> None:
        """Add metadata to it; keys are written once. What was read before stays as it is.

        Args:
            metadata: entries by key; numpy scalars become Python numbers.

        Raises:
            MetadataConflictError: a key has another value already; nothing was written.
            UnsupportedValueError: a value that cannot be kept.
        """
        self._changes().log_metadata(self.record.artifact, metadata, self.version)

    def tag(self, tag: str) -> None:
        """Tag it; tagging twice is fine.

        Raises:
            ArgumentError: the tag cannot be one.
        """
        self._changes().tag(self.record.artifact, tag, self.version)

    def promote(
        self,
        stage: str,
        *,
        if_better: str | None = None,
        mode: Literal["min", "max"] | None = None,
        expected: str | int | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> Promotion:
        """Put it into a stage, if it is better than the version that is there.

        Comparing and moving are one act in the index, as `Client().promote` does it.

        Args:
            stage: such as `production`; not all digits, not `latest`.
            if_better: metadata key of the model's versions by which they are compared.
            mode: `min` when less of it is better, `max` when more; goes with `if_better`.
            expected: the version that must be in the stage now, else nothing is changed.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Returns:
            What came of it. Not better is no error: `moved` is False.

        Raises:
            ArgumentError: the stage cannot be one, or `if_better` without `mode`.
            MetricMissingError: one of the two versions has no such number.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: another version than `expected` is there.
        """
        return self._changes().promote(
            self.record.artifact,
            self.version,
            alias=stage,
            if_better=if_better,
            mode=mode,
            expected=expected,
            by=by,
            why=why,
        )

    def demote(self, stage: str, *, by: str | None = None, why: str | None = None) -> None:
        """Take it out of a stage, in which no version is then. History remembers it.

        Args:
            stage: one that it is in.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Raises:
            ArgumentError: the stage cannot be one.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: it is not in that stage.
        """
        series, version = self.record.artifact, self.version
        self._changes().remove_alias(series, stage, expected=version, by=by, why=why)

    def history(self, stage: str, limit: int = 100) -> list[AliasMove]:
        """The moves of a stage into and out of this version, newest first.

        Args:
            stage: of the model.
            limit: moves of the stage that are looked at.

        Raises:
            ArgumentError: the stage cannot be one, or the limit is below 1.
        """
        moves = self._changes().alias_history(self.record.artifact, stage, limit)
        return [move for move in moves if self.version in {move.to, move.replaced}]

    def _changes(self) -> "ArtifactChanges":
        from raincheck.client.artifact_changes import ArtifactChanges  # noqa: PLC0415 - a cycle

        return ArtifactChanges(self.deployment)
