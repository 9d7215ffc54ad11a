"""Reading a version as the index stores it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from raincheck.index.connection import text
from raincheck_contracts.artifacts import ArtifactVersion, VersionRecord


def hash_of(reply: Mapping[Any, Any] | Sequence[Any]) -> dict[str, bytes]:
    """The fields of a hash, however the client hands them over."""
    if isinstance(reply, Mapping):
        return {text(key): value for key, value in reply.items()}
    return {text(reply[i]): reply[i + 1] for i in range(0, len(reply), 2)}


def read_version(
    artifact: str, version: str, record: Mapping[str, bytes], namespace: str | None = None
) -> ArtifactVersion:
    """A version from the fields of its hash.

    Args:
        artifact: its name.
        version: its name.
        record: the fields; the bytes that the index keeps are not needed.
        namespace: the fall-back that it is read from; None is the own one.
    """
    metadata = {
        name[2:]: json.loads(value)
        for name, value in sorted(record.items())
        if name.startswith("m:")
    }
    return ArtifactVersion(
        artifact=artifact,
        version=version,
        sequence=int(record["seq"]),
        revision=int(record["rev"]),
        published_at=int(record["at"]),
        record=VersionRecord.model_validate_json(record["rec"]),
        pipeline=text(record.get("by")) or None,
        tags=tuple(sorted(name[2:] for name in record if name.startswith("t:"))),
        metadata=metadata,
        namespace=namespace,
    )
