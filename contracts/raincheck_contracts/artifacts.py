"""Artifact versions: the immutable record, the manifest of its bytes, the binding."""

from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import (
    Digest,
    Namespace,
    OutputName,
    PipelineName,
    RunId,
    SeriesName,
    StepName,
    VersionName,
)
from raincheck_contracts.version_text import version_text


class ArrayRun(Contract):
    """Neighbouring columns of one dtype at a constant stride in an Arrow file.

    With it a numeric frame is mapped as one two-dimensional numpy array, without a copy.
    """

    dtype: str
    """numpy's dtype string, for example `<f8`."""
    start: Annotated[int, Field(ge=0)]
    """Position of the first column of the run."""
    columns: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    """Bytes from the start of the file to the first value."""
    stride: Annotated[int, Field(ge=0)]
    """Bytes from one column to the next."""


class Part(Contract):
    """One blob of an artifact version."""

    name: str
    """Name of the part within the version, `data` when it is the only one."""
    media_type: str
    digest: Digest
    """BLAKE3 of the stored bytes."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class Manifest(Contract):
    """What a materializer needs to rebuild the value; written once, at publication."""

    type: str
    """Recorded Python type, `module.QualifiedName`, for example `builtins.float`."""
    bases: tuple[str, ...] = ()
    """The type's other classes (its method resolution order without `object`), so that
    a reader can check an annotation without importing the type."""
    materializer: str
    """`name@version` of the materializer that wrote it."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    schema_: Annotated[dict[str, JsonValue], Field(alias="schema")] = {}
    """What the materializer wants to remember (columns, dtypes, shape)."""
    versions: dict[str, str] = {}
    """Libraries that wrote the bytes and their versions."""
    safety: Literal["data-only", "allowlist", "pickle"] = "data-only"

    @property
    def size(self) -> int:
        """Bytes of all parts together."""
        return sum(part.size for part in self.parts)


class VersionRecord(Contract):
    """What the publisher writes; the index adds number, revision and time."""

    digest: Digest
    """The digest of the single part, or of the canonical list of the parts' digests."""
    manifest: Manifest
    run: RunId | None = None
    step: StepName | None = None
    output: OutputName | None = None
    inputs: tuple[str, ...] = ()
    """The versions that the producing step had bound, `name@version` each, after
    `namespace/` where it is of a fall-back."""


class ArtifactVersion(Contract):
    """One immutable published value, as the index records it."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    """Order of publication within the artifact; decides what `latest` is."""
    revision: Annotated[int, Field(ge=1)]
    """Index revision of the publication."""
    published_at: Annotated[int, Field(ge=0)]
    """Milliseconds since the epoch, by the index server's clock."""
    record: VersionRecord
    pipeline: PipelineName | None = None
    """Whose run published it; None when done by hand."""
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = {}
    namespace: Namespace | None = None
    """The fall-back that it was read from; None for the own namespace."""

    @property
    def shown(self) -> str:
        """`artifact@version`, after `namespace/` when it is of the fall-back."""
        return version_text(self.artifact, self.version, self.namespace)


class Binding(Contract):
    """What a reference resolved to, with the revision of the index at which it did."""

    artifact: SeriesName
    version: VersionName
    sequence: Annotated[int, Field(ge=1)]
    digest: Digest
    type: str
    media_type: str
    size: Annotated[int, Field(ge=0)]
    revision: Annotated[int, Field(ge=0)]
    """Index revision at which the reference was resolved."""
    pointer: str | None = None
    """JSON Pointer into the metadata (RFC 6901), for a metadata reference."""
    value: JsonValue = None
    """The metadata value that `pointer` gave; None without a pointer."""
    namespace: Namespace | None = None
    """The fall-back that has the version; None for the own namespace."""

    @property
    def shown(self) -> str:
        """`artifact@version`, after `namespace/` when it is of the fall-back."""
        return version_text(self.artifact, self.version, self.namespace)
