"""Typed signatures of the Lua functions that promote and roll back; the moves of an alias."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.entries import check_name
from raincheck.index.event_log import entry_fields
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import Published
from raincheck_contracts.aliases import AliasMove, Promotion
from raincheck_contracts.errors import (
    IndexAccessError,
    MetricMissingError,
    ReferenceNotFoundError,
    RollbackRefusedError,
)
from raincheck_contracts.names import ALIAS_PATTERN, IDENTIFIER_PATTERN, SERIES_NAME_PATTERN

Mode = Literal["min", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Who moves an alias, and why."""

    by: str = ""
    why: str = ""
    run: str = ""
    """Whose step does it; empty when it is done by hand."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion or rollback was decided."""

    promotion: Promotion
    dirty: bool
    """Whether steps that wait for it are to be woken."""


class AliasScripts:
    """promote, rollback, remove_alias, protect_alias; reading what is kept of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _decided(
        self,
        artifact: str,
        alias: str,
        reply: Sequence[Any],
        compared: tuple[str | None, Mode | None] = (None, None),
    ) -> Promoted:
        if text(reply[0]) != "DONE":
            raise refusal(reply)
        named, revision, dirty, result, candidate, replaced, old, new = map(text, reply[1:])
        self._connection.seen(int(revision))
        promotion = Promotion(
            artifact=artifact,
            alias=alias,
            moved=result == "moved",
            candidate=candidate,
            version=named,
            replaced=replaced or None,
            metric=compared[0],
            mode=compared[1],
            old=_number(old),
            new=_number(new),
            revision=int(revision),
        )
        return Promoted(promotion, dirty == "1")

    def promote(  # noqa: PLR0913 - what is compared, and who wants it
        self,
        request: str,
        artifact: str,
        version: str | None,
        alias: str,
        *,
        metric: str | None = None,
        mode: Mode | None = None,
        expected: str | None = None,
        mover: Mover,
    ) -> Promoted:
        """Let an alias name a version, if that is better than what it names now.

        Args:
            request: id of this wish; the same id is decided once, for 24 hours.
            artifact: name of the artifact.
            version: the candidate; None is the newest.
            alias: the name to give.
            metric: metadata key by which they are compared; None compares nothing.
            mode: whether less or more of it is better.
            expected: what it must name now, for a compare-and-set.
            mover: who does it, and why.

        Raises:
            ReferenceNotFoundError: no such version.
            AliasGuardedError: somebody else must move it.
            MetricMissingError: one of the two has no such number.
            InvalidWriteError: it does not name `expected`, or the alias is none.
        """
        check_name("alias", alias, ALIAS_PATTERN)
        wish = (version or "", alias, metric or "", mode or "", expected or "")
        who = (mover.by, mover.why, mover.run)
        reply = self._connection.call("promote", request, artifact, *wish, *who)
        return self._decided(artifact, alias, reply, (metric, mode))

    def rollback(
        self,
        request: str,
        artifact: str,
        alias: str,
        *,
        expected: str | None = None,
        mover: Mover,
    ) -> Promoted:
        """Let an alias name what it named before its last move that is not undone yet.

        Args:
            request: id of this wish; the same id is decided once, for 24 hours.
            artifact: name of the artifact.
            alias: the name to take back.
            expected: what it must name now, for a compare-and-set.
            mover: who does it, and why.

        Raises:
            RollbackRefusedError: there is nothing to go back to.
            AliasGuardedError: somebody else must move it.
            InvalidWriteError: it does not name `expected`, or the alias is none.
        """
        check_name("alias", alias, ALIAS_PATTERN)
        wish = (artifact, alias, expected or "", mover.by, mover.why, mover.run)
        return self._decided(artifact, alias, self._connection.call("rollback", request, *wish))

    def remove(
        self, request: str, artifact: str, alias: str, *, expected: str | None = None, mover: Mover
    ) -> Published:
        """Let an alias name nothing.

        Args:
            request: id of this wish; the same id removes the alias once, for 24 hours.
            artifact: name of the artifact.
            alias: the name to take away.
            expected: what it must name now, for a compare-and-set.
            mover: who does it, and why.

        Returns:
            As its version what the alias named, the empty text for nothing.

        Raises:
            AliasGuardedError: somebody else must move it.
            InvalidWriteError: it does not name `expected`, or the alias is none.
        """
        check_name("alias", alias, ALIAS_PATTERN)
        wish = (artifact, alias, expected or "", mover.by, mover.why, mover.run)
        reply = self._connection.call("remove_alias", request, *wish)
        if text(reply[0]) != "DONE":
            raise refusal(reply)
        removed = replies.published(reply)
        self._connection.seen(removed.revision)
        return removed

    def protect(self, artifact: str, alias: str, pipelines: Sequence[str]) -> None:
        """Let only runs of some pipelines move an alias; of none sets it free.

        Raises:
            InvalidWriteError: a name that cannot be one.
        """
        check_name("artifact", artifact, SERIES_NAME_PATTERN)
        check_name("alias", alias, ALIAS_PATTERN)
        for pipeline in pipelines:
            check_name("pipeline", pipeline, IDENTIFIER_PATTERN)
        self._connection.call("protect_alias", artifact, alias, *dict.fromkeys(pipelines))

    def protection(self, artifact: str, alias: str) -> tuple[str, ...]:
        """The pipelines whose runs alone may move an alias; none when it is free."""
        key = f"{self._connection.prefix}guard:{artifact}"
        return tuple(text(self._connection.ask([("HGET", key, alias)])[0]).split())

    def names(self, artifact: str) -> list[str]:
        """The aliases of an artifact, also those that were removed; they have a history."""
        prefix = self._connection.prefix
        found = self._connection.ask(
            [("HKEYS", f"{prefix}alias:{artifact}"), ("SMEMBERS", f"{prefix}removed:{artifact}")]
        )
        return sorted({text(alias) for aliases in found for alias in aliases})

    def history(self, artifact: str, alias: str, limit: int) -> list[AliasMove]:
        """The newest moves of an alias, newest first."""
        key = f"{self._connection.prefix}ahist:{artifact}:{alias}"
        (found,) = self._connection.ask([("XREVRANGE", key, "+", "-", "COUNT", limit)])
        return [_move(artifact, alias, fields) for _, fields in found]


def refusal(reply: Sequence[Any]) -> IndexAccessError | ReferenceNotFoundError:
    """The error that a refused move of an alias stands for."""
    code, *fields = (text(item) for item in reply)
    match code:
        case "NO_METRIC":
            artifact, version, metric, role, found = fields
            return MetricMissingError(artifact, version, metric, role, found)
        case "NO_ROLLBACK":
            artifact, alias, why, version = fields
            return RollbackRefusedError(artifact, alias, why, version)
        case _:
            return refused_write(reply)


def _number(raw: str) -> int | float | None:
    number: int | float | None = json.loads(raw) if raw else None
    return number


def _move(artifact: str, alias: str, fields: Any) -> AliasMove:
    record = entry_fields(fields)
    return AliasMove(
        artifact=artifact,
        alias=alias,
        revision=int(record["rev"]),
        at=int(record["at"]),
        how=record["how"],  # type: ignore[arg-type]  # checked by the contract
        by=record["by"],
        why=record["why"],
        replaced=record["from"] or None,
        to=record["to"] or None,
        run=record.get("run"),
        pipeline=record.get("pipeline"),
        metric=record.get("metric"),
        mode=record.get("mode"),  # type: ignore[arg-type]  # checked by the contract
        old=_number(record.get("old", "")),
        new=_number(record.get("new", "")),
    )
