"""What a client changes of versions that are there."""

import secrets
from collections.abc import Mapping

from pydantic import ValidationError

from raincheck.authoring.metadata_values import checked_metadata
from raincheck.client.moving import acting_run, check_alias, mover
from raincheck.client.promotions import Promotions
from raincheck.client.selecting import NAMES
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import TagSelector


class ArtifactChanges(Promotions):
    """Aliases, tags and later metadata."""

    def set_alias(
        self,
        name: str,
        alias: str,
        version: str | int | None = None,
        *,
        expected: str | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> str:
        """Let an alias name a version, at once, also inside a step.

        Args:
            name: the artifact.
            alias: not all digits, not `latest`.
            version: what it shall name; None is the newest.
            expected: what it must name now, else nothing is changed.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Returns:
            The version that it names.

        Raises:
            ArgumentError: the alias cannot be one.
            ReferenceNotFoundError: no such version.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: it does not name `expected`, or a text is too long.
        """
        check_alias("set_alias", alias)
        who = mover(by, why)
        done = self.deployment.index.versions.set_alias(
            secrets.token_hex(16),
            name,
            alias,
            _text(version),
            expected=expected,
            run=who.run,
            by=who.by,
            why=who.why,
        )
        self._wake(dirty=done.dirty)
        return done.version

    def remove_alias(
        self,
        name: str,
        alias: str,
        *,
        expected: str | int | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> str | None:
        """Let an alias name nothing, at once; its history stays.

        Args:
            name: the artifact.
            alias: one that names nothing already stays so.
            expected: what it must name now, else nothing is changed.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Returns:
            The version that it named, or None.

        Raises:
            ArgumentError: the alias cannot be one.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: it does not name `expected`, or a text is too long.
        """
        check_alias("remove_alias", alias)
        done = self.deployment.index.aliases.remove(
            secrets.token_hex(16), name, alias, expected=_text(expected), mover=mover(by, why)
        )
        self._wake(dirty=done.dirty)
        return done.version or None

    def tag(self, name: str, tag: str, version: str | int | None = None) -> str:
        """Tag a version; None is the newest. Tagging twice is fine.

        Returns:
            The version that was tagged.

        Raises:
            ArgumentError: the tag cannot be one.
            ReferenceNotFoundError: no such version.
        """
        try:
            TagSelector(tag=tag)
        except ValidationError as error:
            raise ArgumentError("tag", error.errors()[0]["msg"], NAMES) from error
        done = self.deployment.index.versions.tag(name, _text(version), tag, run=acting_run())
        self._wake(dirty=done.dirty)
        return done.version

    def log_metadata(
        self, name: str, metadata: Mapping[str, object], version: str | int | None = None
    ) -> str:
        """Add metadata to a version; keys are written once.

        Args:
            name: the artifact.
            metadata: entries by key; numpy scalars become Python numbers.
            version: None is the newest.

        Returns:
            The version.

        Raises:
            ReferenceNotFoundError: no such version.
            MetadataConflictError: a key has another value already; nothing was written.
            UnsupportedValueError: a value that cannot be kept.
        """
        done = self.deployment.index.versions.log_metadata(
            name, _text(version), checked_metadata(metadata), run=acting_run()
        )
        self._wake(dirty=done.dirty)
        return done.version


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
