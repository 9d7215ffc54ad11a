"""The artifact store: values in, versions out; the blobs first, the index after."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raincheck.blobs.base import BlobStore
from raincheck.index import Index
from raincheck.index.entries import NewVersion
from raincheck.index.replies import Published
from raincheck.materializers import dump_value, load_value
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import VersionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The step run that makes a version."""

    run: str
    step: str
    output: str
    """Name of the output; unique within the step."""
    inputs: tuple[str, ...] = ()
    """The versions that it had bound, `artifact@version` each."""


class ArtifactStore:
    """Publishes and loads values.

    Args:
        index: registers the versions.
        blobs: keeps the bytes.
        inline_limit: bytes up to which the index itself keeps a value.
    """

    def __init__(self, index: Index, blobs: BlobStore, *, inline_limit: int) -> None:
        self.index = index
        self.blobs = blobs
        self._inline_limit = inline_limit

    def prepare(
        self,
        value: object,
        artifact: str,
        *,
        version: str | None = None,
        origin: Origin | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        tags: Sequence[str] = (),
    ) -> NewVersion:
        """Store a value's bytes; what is returned remains to be registered.

        Args:
            value: of a type that has a materializer.
            artifact: the artifact to be a version of.
            version: its name; None takes the next number.
            origin: the step run and output that it is; None by hand.
            metadata: by top-level key.
            tags: of the version.

        Raises:
            StoreError: the value cannot be kept as it is, or not be written.
        """
        dumped = dump_value(value, self.blobs, inline_limit=self._inline_limit)
        record = VersionRecord(
            digest=dumped.digest,
            manifest=dumped.manifest,
            run=origin.run if origin else None,
            step=origin.step if origin else None,
            output=origin.output if origin else None,
            inputs=origin.inputs if origin else (),
        )
        return NewVersion(
            artifact=artifact,
            version=version,
            output=origin.output if origin else "",
            record=record,
            inline=dumped.inline,
            tags=tuple(tags),
            metadata=dict(metadata or {}),
        )

    def publish(self, version: NewVersion) -> Published:
        """Register a prepared version from outside a step.

        Raises:
            VersionExistsError, VersionNameError, InvalidWriteError: nothing was written.
        """
        return self.index.versions.publish(secrets.token_hex(16), version)

    def load(
        self, record: VersionRecord, inline: bytes | None, annotation: object = None
    ) -> object:
        """Materialize a version.

        Args:
            record: of the version.
            inline: its bytes when the index keeps them.
            annotation: what the reader declared; chooses pydantic classes.

        Raises:
            StoreError: the bytes are missing, corrupt or of an untrusted type.
        """
        return load_value(
            record.manifest, record.digest, self.blobs, inline=inline, annotation=annotation
        )
