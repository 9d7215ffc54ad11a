"""What many subscriptions, events or waiters cost one script is bounded, by count."""

from itertools import pairwise

from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import RunStatus
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.subscribing import (
    advance,
    batch,
    handed,
    redefine,
    started,
    subscribe,
    version_of,
)

#: Runs that one unit of `wake` stands for, at most.
STARTING = 3


def _subscribe_many(driver: Driver, count: int) -> list[str]:
    names = [f"s{number:04}" for number in range(count)]
    for name in names:
        subscribe(driver.index, name)
    advance(driver.index)
    return names


def _dirty(driver: Driver) -> int:
    return int(ask(driver.index, "ZCARD", key(driver.index, "dirty")))


def test_a_publication_for_many_subscriptions_is_one_mark(driver: Driver) -> None:
    """Whoever wakes marks them, and starts a bounded number of runs in each call."""
    names = _subscribe_many(driver, 110)
    driver.publish("model")
    assert _dirty(driver) == 1
    more, calls = True, 0
    while more:
        messages, more = driver.index.runs.wake(30)
        assert len(messages) <= 30 / STARTING
        calls += 1
    assert calls >= len(names) * STARTING / 30
    counts = [item.counts for item in driver.index.subscriptions.all()]
    assert {(item.matched, item.started) for item in counts} == {(1, 1)}


def test_many_are_marked_in_slices_and_none_is_missed(driver: Driver) -> None:
    """Neither one that is deployed meanwhile, nor what is published meanwhile."""
    names = _subscribe_many(driver, 510)
    driver.publish("model")
    assert driver.index.runs.wake(1) == ((), True)
    assert _dirty(driver) == 501  # those of the slice, and the artifact's own
    subscribe(driver.index, "early")
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index, "early") == ["1+model@2"]
    for name in (names[0], names[499], names[500], names[-1]):
        assert driver.index.subscriptions.read(name).counts.started == 2
    assert ask(driver.index, "EXISTS", key(driver.index, "marking")) == 0


def test_an_earlier_event_of_another_artifact_is_not_passed_by(driver: Driver) -> None:
    """A subscription that is marked at once waits for the marks of before."""
    for number in range(101):
        subscribe(driver.index, f"s{number:04}")
    subscribe(driver.index, "both", (version_of("model"), version_of("data")))
    advance(driver.index)
    driver.publish("model")
    driver.publish("data")
    advance(driver.index)
    assert started(driver.index, "both") == ["1+model@1", "1+data@1"]


def test_the_parts_of_an_all_of_are_listed_in_the_order_of_the_index(driver: Driver) -> None:
    """Not in that of its conditions."""
    subscribe(driver.index, "sub", version_of("model"), version_of("data"))
    driver.publish("data")
    driver.publish("model")
    advance(driver.index)
    assert handed(driver.index, f"sub+{started(driver.index)[0]}") == ["data@1", "model@1"]


def test_events_that_match_count_for_more(driver: Driver) -> None:
    """A call takes in so many at most, and the next one goes on."""
    subscribe(driver.index, group=batch(3_600.0))
    for _ in range(40):
        driver.publish("model")
    driver.index.runs.wake(4)
    assert 0 < driver.index.subscriptions.read("sub").counts.matched <= 16
    advance(driver.index)
    assert driver.index.subscriptions.read("sub").counts.matched == 40


def test_conditions_that_are_looked_at_count(driver: Driver) -> None:
    """Also when none of them holds."""
    conditions = tuple(version_of("model", tag=f"t{number}") for number in range(32))
    subscribe(driver.index, "sub", conditions)
    for _ in range(20):
        driver.publish("model")
    driver.index.runs.wake(4)
    assert driver.index.subscriptions.read("sub").behind
    advance(driver.index)
    assert not driver.index.subscriptions.read("sub").behind


def test_large_groups_count_for_more(driver: Driver) -> None:
    """Their matches are written one by one."""
    subscribe(
        driver.index, group=batch(3_600.0, most=64), requires=(parse_reference("base:latest"),)
    )
    for _ in range(192):
        driver.publish("model")
    advance(driver.index)
    driver.publish("base")
    numbers = []
    more = True
    while more:
        messages, more = driver.index.runs.wake(7)
        numbers.append(len(messages))
    assert max(numbers) == 1
    assert sum(numbers) == 3


def test_many_runs_are_replaced_in_slices(driver: Driver) -> None:
    """A limit that is lowered ends what is above it, some in each call."""
    made = subscribe(driver.index)
    for _ in range(40):
        driver.publish("model")
    advance(driver.index)
    redefine(driver.index, made, limit=1, when_full="replace")
    advance(driver.index)
    driver.publish("model")
    replaced = [0]
    more = True
    while more:
        _, more = driver.index.runs.wake(1)
        replaced.append(driver.index.subscriptions.read("sub").counts.replaced)
    assert max(b - a for a, b in pairwise(replaced)) <= 16
    assert replaced[-1] == 40
    assert driver.index.subscriptions.read("sub").live == 1
    assert driver.status("sub+1+model@41") is not RunStatus.CANCELLED


def test_who_waits_at_a_second_firing_is_looked_at_after_the_first(driver: Driver) -> None:
    """Neither is forgotten, and a call looks at so many at most."""
    tagged = pipeline(*(step(f"a{number}", "model?tag=t") for number in range(10)))
    plain = pipeline(*(step(f"b{number}", "model?tag=t") for number in range(5)))
    first = driver.submit(tagged)
    for item in tagged.steps:
        driver.parked(first, item.name)
    driver.publish("model")
    driver.index.runs.wake(3)  # they park again
    second = driver.submit(plain)
    for item in plain.steps:
        driver.parked(second, item.name)
    driver.index.versions.tag("model", None, "t")
    woken: list[str] = []
    more = True
    while more:
        messages, more = driver.index.runs.wake(4)
        assert len(messages) <= 4
        woken += [message.body for message in messages]
    assert len(woken) == 15
