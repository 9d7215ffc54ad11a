"""What keeps the matches of a subscription from starting a run."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raincheck.index import Index
from raincheck.index.match_records import Lane
from raincheck.subscribing.words import part_words
from raincheck_contracts.runs import MissingReference
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


def waits(index: Index, subscription: Subscription, lane: Lane) -> list[Wait]:
    """What the next run waits for; nothing when it is about to start."""
    held = stopped(subscription)
    found = [held] if held is not None else []
    if subscription.behind or lane.marked:
        found.append(Wait("there are events that it has not looked at"))
    return [
        *found,
        *_unmet(subscription, lane),
        *_missing(index, subscription),
        *_room(subscription, lane),
    ]


def _unmet(subscription: Subscription, lane: Lane) -> Iterator[Wait]:
    definition = subscription.definition
    parts = definition.all_of
    for slot, part in enumerate(parts, 1):
        met = slot in lane.joined if len(parts) > 1 else bool(lane.pending)
        if not met:
            yield Wait(f"no match yet of: {part_words(part)}")
    if lane.pending and definition.group.by == "batch":
        yield from _window(subscription, lane)


def _missing(index: Index, subscription: Subscription) -> Iterator[Wait]:
    required = subscription.definition.requires
    for answer in index.versions.resolve(required).answers if required else ():
        if isinstance(answer, MissingReference):
            yield Wait(f"it requires {answer}")


def _room(subscription: Subscription, lane: Lane) -> Iterator[Wait]:
    definition = subscription.definition
    limit, live = definition.limit, len(lane.live)
    if limit and live >= limit and definition.when_full == "queue":
        named = ", ".join(lane.live[:_NAMED]) + (" ..." if live > _NAMED else "")
        yield Wait(f"{live} of at most {limit} runs live: {named}")


def _window(subscription: Subscription, lane: Lane) -> Iterator[Wait]:
    group = subscription.definition.group
    until = lane.pending[0].at + round(group.window * 1000)
    if lane.count < group.max and until > time.time() * 1000:
        yield Wait(f"its batch is open, with {lane.count} of at most {group.max} matches", until)
