"""Models in the index: linking versions to one, and what is linked."""

from collections.abc import Sequence
from typing import Any

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import Published
from raincheck.index.version_records import hash_of
from raincheck_contracts.models import ModelMember


class ModelScripts:
    """link, unlink; reading what models there are, and what is linked to a version of one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _key(self, name: str) -> str:
        return self._connection.prefix + name

    def link(self, model: str, model_version: str, artifact: str, version: str) -> Published:
        """Link a version to a version of a model; linking twice is fine.

        Args:
            model: name of the model.
            model_version: of it.
            artifact: name of the artifact.
            version: of it.

        Raises:
            ReferenceNotFoundError: one of the versions is not there.
        """
        return self._done(self._connection.call("link", model, model_version, artifact, version))

    def unlink(self, model: str, model_version: str, artifact: str, version: str) -> Published:
        """Take a version out of a version of a model; of what is not linked nothing changes.

        Args:
            model: name of the model.
            model_version: of it.
            artifact: name of the artifact.
            version: of it.

        Raises:
            ReferenceNotFoundError: one of the versions is not there.
        """
        return self._done(self._connection.call("unlink", model, model_version, artifact, version))

    def _done(self, reply: Any) -> Published:
        if text(reply[0]) != "DONE":
            raise refused_write(reply)
        published = replies.published(reply)
        self._connection.seen(published.revision)
        return published

    def names(self) -> list[str]:
        """All models, in the order of their names."""
        (names,) = self._connection.ask([("ZRANGE", self._key("models"), 0, -1)])
        return [text(name) for name in names]

    def newest_members(self, model: str, version: str) -> dict[str, str]:
        """Of each artifact the newest version that is linked, by artifact."""
        (found,) = self._connection.ask([("HGETALL", self._key(f"members:{model}:{version}"))])
        return {name: text(member) for name, member in sorted(hash_of(found).items())}

    def newest_member(self, model: str, version: str, artifact: str) -> str | None:
        """The newest linked version of one artifact; None when none is linked."""
        key = self._key(f"members:{model}:{version}")
        (found,) = self._connection.ask([("HGET", key, artifact)])
        return text(found) or None

    def members(self, model: str, version: str, limit: int) -> list[ModelMember]:
        """What is linked, what was linked last first.

        Args:
            model: name of the model.
            version: of it.
            limit: at most so many.
        """
        key = self._key(f"linked:{model}:{version}")
        (rows,) = self._connection.ask([("ZREVRANGE", key, 0, limit - 1, "WITHSCORES")])
        rows = _scored(rows)
        names = [text(name).split("@") for name, _ in rows]
        keys = [self._key(f"ver:{artifact}:{member}") for artifact, member in names]
        runs = self._connection.ask([("HGET", key, "run") for key in keys]) if keys else []
        return [
            ModelMember(
                artifact=artifact, version=member, revision=int(score), run=text(run) or None
            )
            for (artifact, member), (_, score), run in zip(names, rows, runs, strict=True)
        ]

    def runs(self, model: str, version: str, limit: int) -> list[str]:
        """The runs that work on it, the newest first; 1,000 are kept."""
        key = self._key(f"modelruns:{model}:{version}")
        (found,) = self._connection.ask([("ZREVRANGE", key, 0, limit - 1)])
        return [text(run) for run in found]


def _scored(rows: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Members with their scores: a flat list, or pairs in a later protocol of the server."""
    if rows and isinstance(rows[0], list | tuple):
        return [(member, score) for member, score in rows]
    return list(zip(rows[::2], rows[1::2], strict=True))
