"""Value to bytes and back: the two functions that everything else uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from raincheck.blobs.base import BlobReader, BlobStore
from raincheck.blobs.digest import digest_of
from raincheck.materializers.registry import materializer_for, materializer_named
from raincheck.materializers.target import GatheringTarget
from raincheck.materializers.type_names import base_names, type_name
from raincheck_contracts._base import canonical_json
from raincheck_contracts.artifacts import Manifest, Part
from raincheck_contracts.errors import BlobCorruptError


@dataclass(frozen=True, slots=True)
class Dumped:
    """A value as bytes, with all that is needed to publish it."""

    digest: str
    """Digest of the single part, or of the canonical list of the parts' digests."""
    manifest: Manifest
    inline: bytes | None
    """The bytes of a single small part, which the index keeps; else they are in the store."""


def dump_value(value: object, blobs: BlobStore, *, inline_limit: int = 4096) -> Dumped:
    """Turn `value` into bytes and store them.

    Args:
        value: of a type for which a materializer is registered.
        blobs: takes the bytes.
        inline_limit: a value of one part of at most so many bytes is not put into `blobs`
            but returned as `inline`. -1: never.

    Returns:
        Its digest, its manifest, and its bytes if they are inline.

    Raises:
        MaterializerNotFoundError: if no materializer is for its type.
        UnsupportedValueError: if it would not come back as it is; says where and why.
        UntrustedTypeError: if an estimator holds types that are not on the trusted list.
        OSError: if the store cannot hold the bytes.
    """
    materializer = materializer_for(value)
    target = GatheringTarget(blobs, inline_limit)
    materializer.dump(value, target)
    parts, inline = target.finish()
    cls = type(value)
    manifest = Manifest(
        type=type_name(cls),
        bases=base_names(cls),
        materializer=f"{materializer.name}@{materializer.version}",
        parts=parts,
        schema_=target.schema,
        versions=target.versions,
        safety=target.safety,
    )
    return Dumped(digest_of_parts(parts), manifest, inline)


def load_value(
    manifest: Manifest,
    digest: str,
    blobs: BlobStore,
    *,
    inline: bytes | None = None,
    annotation: object = None,
) -> object:
    """Rebuild a value; the result is independent of every other load.

    Args:
        manifest: written by `dump_value`.
        digest: of the version.
        blobs: has the bytes, unless they are `inline`.
        inline: the bytes of the single part, as the index kept them.
        annotation: what the reader declared; pydantic classes are taken from it.

    Returns:
        The value, of the recorded type.

    Raises:
        MaterializerNotFoundError: if the recorded materializer is not registered here.
        BlobMissingError: if the store lacks a part.
        BlobCorruptError: if the bytes are not those of `digest`.
        UntrustedTypeError: if an estimator holds types that are not trusted here.
        IncompatibleVersionError: if a library of another version wrote it.
        UnsupportedValueError: if the class of a pydantic model is not known here.
    """
    materializer = materializer_named(manifest.materializer)
    expected = digest_of_parts(manifest.parts)
    if expected != digest:
        problem = f"its manifest belongs to {expected}"
        raise BlobCorruptError(digest, "the index", problem)
    parts = _StoredParts(manifest.parts, blobs, inline)
    return materializer.load(manifest, parts, annotation)


def digest_of_parts(parts: Sequence[Part]) -> str:
    """Give the digest of a value from its parts.

    Args:
        parts: at least one.

    Returns:
        The digest of the single part, or that of the canonical JSON list of the parts'
        digests.
    """
    if len(parts) == 1:
        return parts[0].digest
    return digest_of(canonical_json([part.digest for part in parts]).encode())


class _StoredParts:
    """The `Parts` of a published value."""

    def __init__(self, parts: Sequence[Part], blobs: BlobStore, inline: bytes | None) -> None:
        self._parts = {part.name: part for part in parts}
        self._blobs = blobs
        self._inline = inline
        self._open: dict[str, BlobReader] = {}

    def buffer(self, name: str = "data") -> memoryview:
        return self._reader(name).buffer()

    def first(self, name: str = "data") -> bool:
        return self._reader(name).first

    def _reader(self, name: str) -> BlobReader:
        if name not in self._open:
            part = self._parts[name]
            if self._inline is None:
                self._open[name] = self._blobs.open(part.digest, part.size)
            else:
                self._open[name] = _inline_reader(part, self._inline)
        return self._open[name]


def _inline_reader(part: Part, content: bytes) -> BlobReader:
    found = digest_of(content)
    if found != part.digest or len(content) != part.size:
        problem = f"the {len(content)} bytes kept there hash to {found}"
        raise BlobCorruptError(part.digest, "the index", problem)
    return BlobReader(part.digest, None, memoryview(bytearray(content)), first=True)
