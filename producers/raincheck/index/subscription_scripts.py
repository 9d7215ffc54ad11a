"""Typed signatures of the Lua functions about subscriptions, and their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raincheck.index.connection import Connection, text
from raincheck.index.deployable import Deployable
from raincheck.index.packing import FIELD
from raincheck.index.spec_record import read_spec
from raincheck_contracts.errors import (
    InvalidWriteError,
    SubscriptionMovedError,
    SubscriptionNotFoundError,
    SubscriptionStateError,
)
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.subscriptions import (
    Match,
    Outcome,
    Subscription,
    SubscriptionCounts,
    SubscriptionDefinition,
    SubscriptionState,
)


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """One deployment of a subscription."""

    version: int
    at: int
    """Milliseconds since the epoch, by the server's clock."""
    definition: SubscriptionDefinition


class SubscriptionScripts:
    """define, change; reading them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _key(self, *parts: str) -> str:
        return self._connection.prefix + "".join(parts)

    def define(
        self, subscription: Deployable, *, expected: int
    ) -> tuple[Literal["NEW", "CHANGED", "SAME"], int]:
        """Store a subscription.

        Args:
            subscription: to store.
            expected: version of the deployment that it is to follow; 0 for the first.

        Returns:
            What it was, and the version that it has now.

        Raises:
            SubscriptionMovedError: somebody has deployed another since.
            InvalidWriteError: it is over a limit.
        """
        name = subscription.definition.name
        code, detail = map(
            text, self._connection.call("define", name, expected, *subscription.arguments())
        )
        match code:
            case "NEW" | "CHANGED" | "SAME":
                return code, int(detail)
            case "MOVED":
                raise SubscriptionMovedError(name, expected, int(detail))
            case _:
                raise InvalidWriteError(f"subscription {name!r}: {detail}")

    def pause(self, name: str, reason: str) -> None:
        """Start no more runs; what happens meanwhile is looked at when it is resumed.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            SubscriptionStateError: it lags.
        """
        self._change(name, "pause", reason, SubscriptionState.PAUSED)

    def resume(self, name: str, *, skip_gap: bool = False) -> None:
        """Go on where it was.

        Args:
            name: of the subscription.
            skip_gap: for one that lags: whether to go on after the events that are missing.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            SubscriptionStateError: it lags, and nobody chose to skip the gap.
        """
        self._change(name, "resume", "skip" if skip_gap else "", SubscriptionState.ACTIVE)

    def delete(self, name: str) -> None:
        """Forget it; its runs go on.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
        """
        self.read(name)
        self._connection.call("subscription", name, "delete", "")

    def _change(self, name: str, what: str, detail: str, wanted: SubscriptionState) -> None:
        code, state = map(text, self._connection.call("subscription", name, what, detail))
        if code == "UNKNOWN":
            raise SubscriptionNotFoundError(name, tuple(self.names()))
        if code == "REFUSED" and state != wanted:
            raise SubscriptionStateError(name, state, what)

    def names(self) -> list[str]:
        """All of them, in the order of their first deployment."""
        (names,) = self._connection.ask([("ZRANGE", self._key("subs"), 0, -1)])
        return [text(name) for name in names]

    def read(self, name: str) -> Subscription:
        """One of them.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
        """
        found = self._read([name])
        if not found:
            raise SubscriptionNotFoundError(name, tuple(self.names()))
        return found[0]

    def all(self) -> list[Subscription]:
        """All of them, in the order of their first deployment; two round trips."""
        return self._read(self.names())

    def _read(self, names: Sequence[str]) -> list[Subscription]:
        asked = [
            command
            for name in names
            for command in (
                ("HGETALL", self._key("sub:", name)),
                ("LLEN", self._key("pend:", name)),
                ("HLEN", self._key("join:", name)),
                ("ZCARD", self._key("live:", name)),
            )
        ]
        answers = self._connection.ask(asked) if asked else []
        return [
            _subscription(record, int(pending) + int(joining), int(live))
            for record, pending, joining, live in (
                (_fields(answers[i]), *answers[i + 1 : i + 4]) for i in range(0, len(answers), 4)
            )
            if record
        ]

    def figures(self) -> tuple[int, int, int]:
        """How many there are, how many of them lag, and how many are behind or are backfilled."""
        counts = self._connection.ask(
            [
                ("ZCARD", self._key("subs")),
                ("SCARD", self._key("lagging")),
                ("ZCARD", self._key("behind")),
            ]
        )
        there, lagging, behind = (int(count) for count in counts)
        return there, lagging, behind

    def deployments(self, name: str) -> list[DeploymentRecord]:
        """The deployments of one of them, oldest first; the newest 50."""
        (packed,) = self._connection.ask([("LRANGE", self._key("deployed:", name), 0, -1)])
        parts = (text(item).split(FIELD, 2) for item in packed)
        return [
            DeploymentRecord(
                int(version), int(at), SubscriptionDefinition.model_validate_json(definition)
            )
            for version, at, definition in parts
        ]

    def spec(self, digest: str) -> PipelineSpec:
        """A compiled pipeline that a subscription holds."""
        return read_spec(self._connection, digest)

    def match(self, name: str, artifact: str, place: str) -> Match | None:
        """What became of a version of an artifact, or None when it has not matched.

        Args:
            name: of the subscription.
            artifact: name of the artifact.
            place: the version; for a move of an alias `@` and the id of its event.
        """
        key = self._key("sub:", name)
        (gen,) = self._connection.ask([("HGET", key, "gen")])
        prefix = f"{name}+{text(gen)}"
        (stored,) = self._connection.ask(
            [("HGET", self._key(f"matched:{prefix}:{artifact}"), place)]
        )
        if stored is None:
            return None
        outcome = text(stored)
        if not outcome:
            return Match(outcome=Outcome.PENDING)
        if outcome.startswith("-"):
            return Match(outcome=Outcome(outcome[1:]))
        suffix = f"{artifact.replace('/', '+')}@{place}" if outcome == "." else outcome[1:]
        return Match(outcome=Outcome.STARTED, run=f"{prefix}+{suffix}")


def _fields(reply: Any) -> dict[str, str]:
    if isinstance(reply, Sequence):  # without the client's own reading of replies
        reply = dict(zip(reply[::2], reply[1::2], strict=True))
    return {text(name): text(value) for name, value in reply.items()}


def _subscription(record: Mapping[str, str], pending: int, live: int) -> Subscription:
    counts = {name[2:]: int(value) for name, value in record.items() if name.startswith("n:")}
    gap = (record["gap_from"], record["gap_to"]) if "gap_to" in record else None
    return Subscription(
        definition=SubscriptionDefinition.model_validate_json(record["definition"]),
        version=int(record["version"]),
        state=SubscriptionState(record["state"]),
        reason=record.get("reason"),
        cursor=record["cursor"],
        behind="behind" in record,
        gap=gap,
        lacks=record.get("lacks"),
        pending=pending,
        live=live,
        counts=SubscriptionCounts.model_validate(counts),
        created_at=int(record["created"]),
        updated_at=int(record["updated"]),
    )
