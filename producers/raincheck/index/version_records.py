"""Reading a version as the index stores it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck_contracts.artifacts import ArtifactVersion, VersionRecord

# Versions that one round trip reads: one may hold a mebibyte of metadata.
_PAGE = 50


def hash_of(reply: Mapping[Any, Any] | Sequence[Any]) -> dict[str, bytes]:
    """The fields of a hash, however the client hands them over."""
    if isinstance(reply, Mapping):
        return {text(key): value for key, value in reply.items()}
    return {text(reply[i]): reply[i + 1] for i in range(0, len(reply), 2)}


def version_hashes(
    connection: Connection, names: Sequence[tuple[str, str]]
) -> list[dict[str, bytes]]:
    """What the index holds of versions, their bytes left out; each page is read at once.

    Args:
        connection: to the index.
        names: artifact and version of each.

    Returns:
        The fields of each, none for one that is not there.
    """
    replies: list[Sequence[Any]] = []
    for first in range(0, len(names), _PAGE):
        page = names[first : first + _PAGE]
        replies += connection.read("versions", *(part for name in page for part in name))
    return [hash_of(reply) for reply in replies]


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
