"""Typed signatures of the Lua functions that publish, annotate and resolve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.entries import NewVersion, check_name, entry_arguments
from raincheck.index.packing import ITEM, pack_reference, unpack_deleted
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import BoundVersion, Published
from raincheck_contracts._base import JsonValue
from raincheck_contracts.names import ALIAS_PATTERN, VERSION_NAME_PATTERN
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answers to some references, all at one revision."""

    revision: int
    answers: tuple[BoundVersion | tuple[BoundVersion, ...] | MissingReference, ...]
    """One for each reference; of one that stands for a list all of them."""

    @property
    def missing(self) -> tuple[MissingReference, ...]:
        """Those that do not resolve now."""
        return tuple(item for item in self.answers if isinstance(item, MissingReference))


class VersionScripts:
    """publish, log_metadata, tag, set_alias, resolve."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _newest(self, artifact: str) -> str:
        """The newest version's name, or the empty text.

        Found before the call that writes: were it found there, a repeat of that call
        after a lost reply could write to a version published in between.
        """
        key = f"{self._connection.prefix}vers:{artifact}"
        newest = self._connection.ask([("ZREVRANGE", key, 0, 0)])[0]
        return text(newest[0]) if newest else ""

    def _write(self, function: str, *arguments: str | bytes | float) -> Published:
        reply = self._connection.call(function, *arguments)
        if text(reply[0]) != "DONE":
            raise refused_write(reply)
        published = replies.published(reply)
        self._connection.seen(published.revision)
        return published

    def publish(self, request: str, version: NewVersion) -> Published:
        """Publish one version from outside a step.

        Args:
            request: id of this wish; the same id publishes once, for 24 hours.
            version: what to publish.

        Raises:
            VersionExistsError, VersionNameError, InvalidWriteError: nothing was written.
        """
        return self._write("publish", request, *version.arguments())

    def log_metadata(
        self,
        artifact: str,
        version: str | None,
        metadata: Mapping[str, JsonValue],
        *,
        run: str = "",
    ) -> Published:
        """Add metadata to a version; None is the newest. The same value again is fine.

        Args:
            artifact: name of the artifact.
            version: of it.
            metadata: entries by top-level key.
            run: that does it; empty when it is done by hand.

        Raises:
            ReferenceNotFoundError: no such version.
            MetadataConflictError: a key has another value already; nothing was written.
            InvalidWriteError: a value that cannot be kept.
        """
        version = version or self._newest(artifact)
        return self._write("log_metadata", artifact, version, *entry_arguments(metadata), run)

    def tag(self, artifact: str, version: str | None, tag: str, *, run: str = "") -> Published:
        """Tag a version; None is the newest.

        Args:
            artifact: name of the artifact.
            version: of it.
            tag: to add.
            run: that does it; empty when it is done by hand.

        Raises:
            ReferenceNotFoundError: no such version.
            InvalidWriteError: the tag is none.
        """
        check_name("tag", tag, VERSION_NAME_PATTERN)
        return self._write("tag", artifact, version or self._newest(artifact), tag, run)

    def set_alias(  # noqa: PLR0913 - what is moved, and who wants it
        self,
        request: str,
        artifact: str,
        alias: str,
        version: str | None,
        *,
        expected: str | None = None,
        run: str = "",
        by: str = "",
        why: str = "",
    ) -> Published:
        """Let an alias name a version; None is the newest.

        Args:
            request: id of this wish; the same id moves the alias once, for 24 hours.
            artifact: name of the artifact.
            alias: the name to give.
            version: what it shall name.
            expected: what it must name now, for a compare-and-set.
            run: that does it; empty when it is done by hand.
            by: who does it.
            why: for its history.

        Raises:
            ReferenceNotFoundError: no such version.
            AliasGuardedError: somebody else must move it.
            InvalidWriteError: it does not name `expected`, or the alias is none.
        """
        check_name("alias", alias, ALIAS_PATTERN)
        return self._write(
            "set_alias", request, artifact, alias, version or "", expected or "", run, by, why
        )

    def resolve(self, references: Sequence[Reference], *, run: str = "") -> Resolution:
        """Answer references now, all at one revision; writes nothing.

        Args:
            references: any.
            run: for which they are answered: it may work on a version of a model that is in
                the stage no longer.
        """
        packed = ITEM.join(map(pack_reference, references))
        revision, *items = self._connection.read("resolve", run, packed)
        self._connection.seen(int(revision))
        return Resolution(
            int(revision),
            tuple(map(_answer, references, items)),
        )


def _answer(
    reference: Reference, item: Sequence[Any]
) -> BoundVersion | tuple[BoundVersion, ...] | MissingReference:
    match text(item[0]):
        case "1":
            return replies.bound_version(item[1:])
        case "L":
            return tuple(map(replies.bound_version, item[1:]))
        case _:
            reason = MissingReason(text(item[1]))
            deleted, *looked = map(text, item[3:5])
            return MissingReference(
                reference=str(reference),
                reason=reason,
                deleted=unpack_deleted(deleted),
                namespaces=tuple(looked[0].split()),
            )
