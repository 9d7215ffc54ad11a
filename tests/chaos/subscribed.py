"""The pipelines and subscriptions of the load that events make."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from raincheck import (
    Client,
    all_of,
    batch,
    each,
    newest,
    pipeline,
    published,
    step,
    triggering,
)
from raincheck.authoring.triggers import SubscriptionOptions

BY_HAND, BY_RUNS = "chaos-by-hand", "chaos-by-runs"
#: Of the events, which ones have a run of their own that is slow, and for how long.
SLOW_EACH, SLOW_SECONDS = 20, 0.5


@step
def make(number: int) -> Annotated[int, "chaos-by-runs"]:
    """A publication by a run."""
    return number


@pipeline
def making(number: int) -> int:
    """A producer."""
    return make(number)


@step
def add(by_hand: list[int], by_runs: list[int]) -> Annotated[int, "chaos-sums"]:
    """The sum of all that was handed over; of some numbers slowly."""
    total = sum(by_hand) + sum(by_runs)
    if total % SLOW_EACH == 0:
        time.sleep(SLOW_SECONDS)  # the time in which its worker may be killed
    return total


@pipeline
def summing() -> Any:
    """Takes all versions whose events started it."""
    return add(triggering(BY_HAND, as_list=True), triggering(BY_RUNS, as_list=True))


@dataclass(frozen=True)
class Subscribed:
    """A subscription of the load."""

    name: str
    options: SubscriptionOptions
    unstarted: frozenset[str] = frozenset()
    """What may become of its events beside a run."""
    waiting: int = 0
    """Events that may wait in the end: of an `all_of` the part that has come without the other."""


_ANY = [published(BY_HAND), published(BY_RUNS)]
SUBSCRIPTIONS = (
    Subscribed("each", {"triggers": _ANY, "group": each()}),
    Subscribed("batch", {"triggers": _ANY, "group": batch(1.0, max=50)}),
    Subscribed(
        "newest", {"triggers": _ANY, "group": newest(), "limit": 1}, frozenset({"superseded"})
    ),
    Subscribed("joined", {"triggers": [all_of(*_ANY)]}, frozenset({"superseded"}), waiting=1),
    Subscribed(
        "limited",
        {"triggers": _ANY, "group": each(), "limit": 2, "when_full": "skip"},
        frozenset({"skipped"}),
    ),
)


def subscribe_all() -> None:
    """Deploy them in the deployment in use."""
    for item in SUBSCRIPTIONS:
        Client().subscribe(summing, name=item.name, **item.options)
