"""What a materializer is; write one to store a type that Raincheck does not know."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from typing_extensions import Buffer

from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Manifest


class PartWriter(Protocol):
    """Takes the bytes of one part; a binary file that can only be appended to."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        ...

    def write(self, data: Buffer, /) -> int:
        """Append contiguous bytes.

        Returns:
            How many bytes that were: always all of them.

        Raises:
            ValueError: after `close`.
            OSError: if the store cannot hold them.
        """
        ...

    def tell(self) -> int:
        """Bytes written so far."""
        ...

    def flush(self) -> None:
        """Do nothing: libraries that write to files call it."""
        ...

    def close(self) -> None:
        """Refuse further bytes. The part ends with its context, not here."""
        ...


class DumpTarget(Protocol):
    """Where a materializer puts what it makes of one value."""

    def part(self, name: str, media_type: str) -> AbstractContextManager[PartWriter]:
        """Begin a part; it is kept when the context ends without an error.

        Args:
            name: unique within the value; `data` for the only or main part.
            media_type: of the bytes, for example `application/json`.
        """
        ...

    def put(self, data: Buffer, media_type: str, name: str = "data") -> None:
        """Keep `data` as a whole part."""
        ...

    def remember(
        self,
        schema: Mapping[str, JsonValue],
        *,
        versions: Mapping[str, str] | None = None,
        safety: Literal["data-only", "allowlist", "pickle"] = "data-only",
    ) -> None:
        """Note in the manifest what `load` will need beside the bytes.

        The digest covers the parts only: whatever tells two values of one type apart
        belongs into a part. Keep the schema small, it lives in the index.

        Args:
            schema: for `load`.
            versions: library name to version.
            safety: `allowlist` when loading makes objects of listed classes, `pickle` when
                it may run code.
        """
        ...


class Parts(Protocol):
    """The stored parts of a value, checked against their digests when they are opened."""

    def buffer(self, name: str = "data") -> memoryview:
        """Open a part.

        Returns:
            Its bytes, writable and private: changing them changes neither the blob nor
            another load.

        Raises:
            KeyError: if the manifest has no part of that name.
            BlobMissingError: if the store does not have it.
            BlobCorruptError: if its bytes are not those that were published.
        """
        ...

    def first(self, name: str = "data") -> bool:
        """Whether this process met the part just now, for the first time.

        A materializer checks then what need not be checked on each load.

        Raises:
            KeyError, BlobMissingError, BlobCorruptError: as `buffer`.
        """
        ...


class Materializer(Protocol):
    """Turns values of some types into bytes and back.

    `load(dump(value))` must give a value that is equal, of the same type, and independent
    of every other load; what cannot come back like that is refused in `dump` with
    `UnsupportedValueError`. Equal values should give equal bytes. Register an instance
    with `register_materializer`, in a module that producers and workers both import. It is
    shared by all threads of a process.
    """

    @property
    def name(self) -> str:
        """Recorded with each value, together with `version`; without `@`."""
        ...

    @property
    def version(self) -> int:
        """Raise it when the bytes change; keep the old one registered to read old values."""
        ...

    @property
    def cacheable(self) -> bool:
        """Whether decoding costs more than copying.

        A worker may then keep a decoded object by digest, type and materializer, and hand
        out `copy(kept)`.
        """
        ...

    def handles(self, value: object) -> bool:
        """Whether `dump` is for `value`. Cheap, and imports nothing."""
        ...

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write `value` as at least one part.

        Raises:
            UnsupportedValueError: if it would not come back as it is.
        """
        ...

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Rebuild the value.

        Args:
            manifest: what `dump` left.
            parts: the bytes.
            annotation: what the reader declared, or None; the only source of classes that
                are not the materializer's own. A class named by a manifest is never
                imported.
        """
        ...

    def copy(self, value: object) -> object:
        """Copy a decoded value so that no change of the copy reaches it."""
        ...
