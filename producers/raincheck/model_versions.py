"""A version of a model as it is published: a record with no value of its own but its name."""

from collections.abc import Mapping, Sequence

from raincheck.artifact_store import Origin
from raincheck.blobs.memory import MemoryBlobStore
from raincheck.index.entries import NewVersion
from raincheck.materializers import dump_value
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.names import MODEL_PREFIX

# A name has 64 characters: the index keeps it, whatever a deployment does with small values.
_INLINE = 1024


def model_version(
    name: str,
    version: str | None = None,
    *,
    origin: Origin | None = None,
    metadata: Mapping[str, JsonValue] | None = None,
    tags: Sequence[str] = (),
) -> NewVersion:
    """A version of a model, ready to be registered.

    Args:
        name: of the model.
        version: its name; None takes the next number.
        origin: the step run that makes it; None by hand.
        metadata: by top-level key.
        tags: of the version.
    """
    dumped = dump_value(name, MemoryBlobStore(), inline_limit=_INLINE)
    record = VersionRecord(
        digest=dumped.digest,
        manifest=dumped.manifest,
        run=origin.run if origin else None,
        step=origin.step if origin else None,
        inputs=origin.inputs if origin else (),
    )
    return NewVersion(
        artifact=MODEL_PREFIX + name,
        version=version,
        record=record,
        inline=dumped.inline,
        tags=tuple(tags),
        metadata=dict(metadata or {}),
    )
