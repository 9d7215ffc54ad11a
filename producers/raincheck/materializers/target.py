"""Gathers the parts of one value: small ones in memory, others straight into the store."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Literal

from typing_extensions import Buffer

from raincheck.blobs.base import Blob, BlobStore, BlobWriter
from raincheck.blobs.digest import digest_of
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Part


class GatheringTarget:
    """A `DumpTarget` that decides at the end what stays inline."""

    def __init__(self, blobs: BlobStore, inline_limit: int) -> None:
        """Gather parts for `blobs`.

        Args:
            blobs: where parts over the limit go.
            inline_limit: bytes up to which a single part stays in memory.
        """
        self._blobs = blobs
        self._limit = inline_limit
        self._parts: dict[str, tuple[str, Blob | bytes]] = {}
        self.schema: dict[str, JsonValue] = {}
        self.versions: dict[str, str] = {}
        self.safety: Literal["data-only", "allowlist", "pickle"] = "data-only"

    @contextmanager
    def part(self, name: str, media_type: str) -> Generator["SpillingWriter"]:
        """Begin a part; see `DumpTarget.part`."""
        if name in self._parts:
            raise ValueError(f"part {name!r} is written already")
        with ExitStack() as stack:
            writer = SpillingWriter(self._blobs, self._limit, stack)
            yield writer
            self._parts[name] = (media_type, writer.finish())

    def put(self, data: Buffer, media_type: str, name: str = "data") -> None:
        """Keep a whole part; see `DumpTarget.put`."""
        with self.part(name, media_type) as writer:
            writer.write(data)

    def remember(
        self,
        schema: Mapping[str, JsonValue],
        *,
        versions: Mapping[str, str] | None = None,
        safety: Literal["data-only", "allowlist", "pickle"] = "data-only",
    ) -> None:
        """Note what `load` needs; see `DumpTarget.remember`."""
        self.schema = dict(schema)
        self.versions = dict(versions or {})
        self.safety = safety

    def finish(self) -> tuple[tuple[Part, ...], bytes | None]:
        """Store what must be stored.

        Returns:
            The parts in the order in which they were written, and the bytes of the only
            part if they fit inline.
        """
        kept = list(self._parts.items())
        if len(kept) == 1 and isinstance(content := kept[0][1][1], bytes):
            name, (media_type, _) = kept[0]
            part = Part(
                name=name, media_type=media_type, digest=digest_of(content), size=len(content)
            )
            return (part,), content
        parts: list[Part] = []
        for name, (media_type, content) in kept:
            blob = self._blobs.put(content) if isinstance(content, bytes) else content
            parts.append(Part(name=name, media_type=media_type, digest=blob.digest, size=blob.size))
        return tuple(parts), None


class SpillingWriter:
    """A `PartWriter` that begins in memory and moves to a blob when it outgrows it."""

    def __init__(self, blobs: BlobStore, limit: int, stack: ExitStack) -> None:
        """Write for `blobs`, holding up to `limit` bytes; `stack` ends the blob."""
        self._blobs = blobs
        self._limit = limit
        self._stack = stack
        self._memory = bytearray()
        self._blob: BlobWriter | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def write(self, data: Buffer, /) -> int:
        """Append contiguous bytes; see `PartWriter.write`."""
        if self._closed:
            raise ValueError("the part is closed")
        if self._blob is not None:
            return self._blob.write(data)
        with memoryview(data) as view:
            if len(self._memory) + view.nbytes <= self._limit:
                if view.nbytes:
                    self._memory += view.cast("B")
                return view.nbytes
        self._blob = self._stack.enter_context(self._blobs.writer())
        self._blob.write(self._memory)
        return self._blob.write(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return len(self._memory) if self._blob is None else self._blob.tell()

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Refuse further bytes."""
        self._closed = True

    def finish(self) -> Blob | bytes:
        """Give the committed blob, or the bytes if they stayed in memory."""
        return bytes(self._memory) if self._blob is None else self._blob.commit()
