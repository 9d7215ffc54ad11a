"""Bytes, as they are."""

from typing import cast

from raincheck.materializers.base import DumpTarget, Parts
from raincheck_contracts.artifacts import Manifest


class BytesMaterializer:
    """Stores `bytes` unchanged."""

    name = "bytes"
    version = 1
    cacheable = False

    def handles(self, value: object) -> bool:
        """Whether `value` is exactly `bytes`."""
        return type(value) is bytes

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write the bytes."""
        out.put(cast("bytes", value), "application/octet-stream")

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Read the bytes back."""
        del manifest, annotation
        return bytes(parts.buffer())

    def copy(self, value: object) -> object:
        """Give the same object: bytes never change."""
        return value
