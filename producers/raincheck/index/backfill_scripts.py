"""Typed signatures of the Lua functions about backfills, and their records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from raincheck.index.connection import Connection, text
from raincheck_contracts.errors import BackfillRefusedError, SubscriptionNotFoundError
from raincheck_contracts.subscriptions import Backfill


@dataclass(frozen=True, slots=True)
class Since:
    """Where a backfill begins: what came later is looked at."""

    by: Literal["rev", "at"]
    value: int
    """A revision, or milliseconds since the epoch by the server's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """How a backfill goes on."""

    limit: int = 4
    """Runs that are live at once."""
    priority: int | None = 9
    """Of their messages; on Redis 9 comes last."""
    again: bool = False
    """Whether versions that had their run get another."""
    cascade: bool = False
    """Whether the events of its runs start further runs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that a backfill would take."""

    event: str
    """Id of the event of its publication."""
    artifact: str
    version: str
    slot: int
    """The part of an `all_of` that it is for, from 1."""
    had_run: bool
    """Whether it is passed by, because it has matched already."""


class BackfillScripts:
    """preview, backfill; reading them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def preview(self, name: str, since: Since, *, again: bool = False) -> Iterator[Candidate]:
        """What a backfill would take, in its order; changes nothing.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            BackfillRefusedError: it is for moves of an alias only.
        """
        up_to, more, places = "", True, list[str]()
        while more:
            reply = self._connection.read(
                "preview", name, since.by, since.value, int(again), up_to, *places
            )
            self._check(name, reply)
            up_to, more = text(reply[1]), text(reply[2]) == "1"
            places = [text(item) for item in reply[3]]
            for event, artifact, version, slot, had in reply[4]:
                yield Candidate(
                    text(event), text(artifact), text(version), int(slot), text(had) == "1"
                )

    def start(self, name: str, number: int, since: Since, options: BackfillOptions) -> Backfill:
        """Begin a backfill; the workers do it.

        Args:
            name: of the subscription.
            number: one more than there were; the same number again has no effect.
            since: where it begins.
            options: how it goes on.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            BackfillRefusedError: it is for moves of an alias only, or another was begun.
        """
        priority = "" if options.priority is None else options.priority
        reply = self._connection.call(
            "backfill",
            name,
            number,
            since.by,
            since.value,
            options.limit,
            priority,
            int(options.again),
            int(options.cascade),
        )
        self._check(name, reply)
        return self._read(name, number)[0]

    def count(self, name: str) -> int:
        """How many backfills a subscription has had."""
        key = f"{self._connection.prefix}sub:{name}"
        return int(self._connection.ask([("HGET", key, "fills")])[0] or 0)

    def all(self, name: str) -> list[Backfill]:
        """The backfills of a subscription, oldest first; for 30 days after their end."""
        return self._read(name, *range(1, self.count(name) + 1))

    def _read(self, name: str, *numbers: int) -> list[Backfill]:
        prefix = self._connection.prefix
        asked = [
            command
            for number in numbers
            for command in (
                (
                    "HMGET",
                    f"{prefix}fill:{name}|{number}",
                    *("to", "limit", "again", "cascade", "ended"),
                ),
                ("LLEN", f"{prefix}pend:{name}|{number}"),
                ("HLEN", f"{prefix}join:{name}|{number}"),
                ("ZCARD", f"{prefix}live:{name}|{number}"),
            )
        ]
        answers = self._connection.ask(asked) if asked else []
        found: list[Backfill] = []
        for place, number in enumerate(numbers):
            record, pending, joining, live = answers[4 * place : 4 * place + 4]
            if record[0] is not None:
                to, limit, again, cascade, ended = (text(item) for item in record)
                found.append(
                    Backfill(
                        subscription=name,
                        number=number,
                        up_to=int(to),
                        again=again == "1",
                        cascade=cascade == "1",
                        limit=int(limit),
                        pending=int(pending) + int(joining),
                        live=int(live),
                        ended_at=int(ended) if ended else None,
                    )
                )
        return found

    @staticmethod
    def _check(name: str, reply: Any) -> None:
        code = text(reply[0])
        if code == "UNKNOWN":
            raise SubscriptionNotFoundError(name)
        if code == "MOVED":
            problem = f"backfill {text(reply[1])} was begun in the meantime"
            raise BackfillRefusedError(name, problem)
        if code == "REFUSED":
            raise BackfillRefusedError(name, text(reply[1]))
