"""What keeps the matches of a subscription from starting a run."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raincheck.index.match_records import Lane
from raincheck.subscribing.words import part_words
from raincheck_contracts.subscriptions import Subscription, SubscriptionState

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that is waited for."""

    text: str
    until: int | None = None
    """Milliseconds since the epoch at which it is over by itself."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"text": self.text, "until": self.until}


def stopped(subscription: Subscription) -> Wait | None:
    """Why it starts nothing whatever happens, or None."""
    state = subscription.state
    if state is SubscriptionState.ACTIVE:
        return None
    because = f": {subscription.reason}" if subscription.reason else ""
    return Wait(f"the subscription is {state}{because}")


def waits(subscription: Subscription, lane: Lane) -> list[Wait]:
    """What the next run waits for; nothing when it is about to start."""
    held = stopped(subscription)
    return [*([held] if held else []), *_waits(subscription, lane)]


def _waits(subscription: Subscription, lane: Lane) -> Iterator[Wait]:
    definition = subscription.definition
    parts = definition.all_of
    for slot, part in enumerate(parts, 1):
        met = slot in lane.joined if len(parts) > 1 else bool(lane.pending)
        if not met:
            yield Wait(f"no match yet of: {part_words(part)}")
    if lane.pending and definition.group.by == "batch":
        yield from _window(subscription, lane)
    if subscription.lacks is not None:
        yield Wait(f"it requires {subscription.lacks}, which is not there")
    limit, live = definition.limit, len(lane.live)
    if limit and live >= limit and definition.when_full == "queue":
        named = ", ".join(lane.live[:_NAMED]) + (" ..." if live > _NAMED else "")
        yield Wait(f"{live} of at most {limit} runs live: {named}")


def _window(subscription: Subscription, lane: Lane) -> Iterator[Wait]:
    group = subscription.definition.group
    until = lane.pending[0].at + round(group.window * 1000)
    if lane.count < group.max and until > time.time() * 1000:
        yield Wait(f"its batch is open, with {lane.count} of at most {group.max} matches", until)
