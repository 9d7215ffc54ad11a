"""What a client changes of versions that are there."""

import secrets
from collections.abc import Mapping

from pydantic import ValidationError

from raincheck.authoring.context import active_step_context
from raincheck.authoring.metadata_values import checked_metadata
from raincheck.client.access import Access
from raincheck.client.selecting import NAMES
from raincheck.messaging.waking import wake
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import AliasSelector, TagSelector


class ArtifactChanges(Access):
    """Aliases, tags and later metadata."""

    def set_alias(
        self,
        name: str,
        alias: str,
        version: str | int | None = None,
        *,
        expected: str | None = None,
    ) -> str:
        """Let an alias name a version.

        Args:
            name: the artifact.
            alias: not all digits, not `latest`.
            version: what it shall name; None is the newest.
            expected: what it must name now, else nothing is changed.

        Returns:
            The version that it names.

        Raises:
            ArgumentError: the alias cannot be one.
            ReferenceNotFoundError: no such version.
            InvalidWriteError: it does not name `expected`.
        """
        try:
            AliasSelector(alias=alias)
        except ValidationError as error:
            raise ArgumentError("set_alias", error.errors()[0]["msg"], NAMES) from error
        deployment = self.deployment
        done = deployment.index.versions.set_alias(
            secrets.token_hex(16), name, alias, _text(version), expected=expected, run=_run()
        )
        self._wake(dirty=done.dirty)
        return done.version

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
        done = self.deployment.index.versions.tag(name, _text(version), tag, run=_run())
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
            name, _text(version), checked_metadata(metadata), run=_run()
        )
        self._wake(dirty=done.dirty)
        return done.version

    def _wake(self, *, dirty: bool) -> None:
        if dirty:
            wake(self.deployment.index, self.deployment.hints)


def _run() -> str:
    """The run whose step does this; empty outside of steps."""
    context = active_step_context()
    return "" if context is None else context.run


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
