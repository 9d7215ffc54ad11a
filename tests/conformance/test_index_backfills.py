"""Backfills: runs for what was there before, beside live events, and each once."""

import pytest

from raincheck.index.backfill_scripts import BackfillOptions, Since
from raincheck_contracts.errors import BackfillRefusedError, SubscriptionStateError
from raincheck_contracts.subscriptions import Grouping, Outcome, SubscriptionState
from tests.support.builders import new_version, pipeline, step
from tests.support.driver import Driver
from tests.support.subscribing import (
    NEWEST,
    PLAIN,
    advance,
    alias_of,
    batch,
    handed,
    started,
    subscribe,
    version_of,
)

ALL = Since("rev", 0)
MANY = BackfillOptions(limit=100)


def _publish(driver: Driver, count: int, artifact: str = "model") -> None:
    for _ in range(count):
        driver.publish(artifact)


def test_what_was_there_before_starts_runs(driver: Driver) -> None:
    """From a revision on; what was published since the subscription has had its run."""
    _publish(driver, 3)
    subscribe(driver.index)
    _publish(driver, 1)
    advance(driver.index)
    taken = list(driver.index.backfills.preview("sub", Since("rev", 1)))
    assert [(item.version, item.had_run) for item in taken] == [
        ("2", False),
        ("3", False),
        ("4", True),
    ]
    assert started(driver.index) == ["1+model@4"]
    begun = driver.index.backfills.start("sub", 1, Since("rev", 1), MANY)
    assert begun.up_to == 4
    advance(driver.index)
    assert sorted(started(driver.index)) == ["1+model@2", "1+model@3", "1+model@4"]
    assert driver.index.backfills.all("sub")[0].ended_at is not None


def test_overlapping_backfills_start_a_run_once(driver: Driver) -> None:
    """Each version, whichever came first."""
    _publish(driver, 5)
    subscribe(driver.index)
    for number in (1, 2):
        driver.index.backfills.start("sub", number, Since("rev", number), MANY)
    advance(driver.index)
    assert len(started(driver.index)) == 4
    counts = driver.index.subscriptions.read("sub").counts
    assert (counts.matched, counts.started) == (4, 4)


def test_again_starts_another_run(driver: Driver) -> None:
    """Of its own name, and only then."""
    subscribe(driver.index)
    _publish(driver, 1)
    advance(driver.index)
    again = BackfillOptions(limit=9, again=True)
    driver.index.backfills.start("sub", 1, ALL, again)
    advance(driver.index)
    assert sorted(started(driver.index)) == ["1+model@1", "1r1+model@1"]


def test_few_runs_live_at_once_and_live_events_go_first(driver: Driver) -> None:
    """The next of a backfill starts when one has ended; a live event does not wait for it."""
    _publish(driver, 70)
    subscribe(driver.index)
    driver.index.backfills.start("sub", 1, ALL, BackfillOptions(limit=2))
    advance(driver.index)
    assert started(driver.index) == ["1+model@1", "1+model@2"]
    _publish(driver, 1)
    assert [message.run for message in driver.index.runs.wake()[0]] == ["sub+1+model@71"]
    for version in range(1, 71):
        driver.finish(driver.adopt(f"sub+1+model@{version}", PLAIN), "a")
        advance(driver.index)
        assert driver.index.backfills.all("sub")[0].live <= 2
    assert len(started(driver.index)) == 71
    found = driver.index.backfills.all("sub")[0]
    assert (found.pending, found.live) == (0, 0)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (batch(60, most=2), [["model@1", "model@2"], ["model@3", "model@4"], ["model@5"]]),
        (NEWEST, [["model@1", "model@2", "model@3", "model@4", "model@5"]]),
    ],
)
def test_groups_are_closed_at_the_end(
    driver: Driver, group: Grouping, expected: list[list[str]]
) -> None:
    """A backfill waits for no window."""
    _publish(driver, 5)
    subscribe(driver.index, group=group)
    driver.index.backfills.start("sub", 1, ALL, MANY)
    advance(driver.index)
    assert [handed(driver.index, f"sub+{run}") for run in started(driver.index)] == expected


def test_an_all_of_is_joined_in_the_order_of_publication(driver: Driver) -> None:
    """As the live events would have; what lacks its partner waits for a live one."""
    for artifact in ("model", "data", "data", "model", "model", "model"):
        driver.publish(artifact)
    subscribe(driver.index, "sub", version_of("model"), version_of("data"))
    driver.index.backfills.start("sub", 1, ALL, BackfillOptions(limit=1))
    advance(driver.index)
    assert [handed(driver.index, f"sub+{run}") for run in started(driver.index)] == [
        ["model@1", "data@1"]
    ]
    first = driver.adopt("sub+" + started(driver.index)[0], PLAIN)
    driver.finish(first, "a")
    advance(driver.index)
    assert handed(driver.index, f"sub+{started(driver.index)[1]}") == ["data@2", "model@2"]
    assert driver.index.subscriptions.read("sub").pending == 1
    driver.publish("data")
    advance(driver.index)
    assert handed(driver.index, f"sub+{started(driver.index)[2]}") == ["model@4", "data@3"]


@pytest.mark.parametrize(("cascade", "runs"), [(False, 0), (True, 1)])
def test_its_runs_start_nothing_unless_asked(driver: Driver, cascade: bool, runs: int) -> None:  # noqa: FBT001 - a parameter
    """Their events are quiet, and the subscriptions to them say so."""
    spec = pipeline(step("a", outputs=["report"])).model_copy(update={"name": "reporting"})
    _publish(driver, 1)
    subscribe(driver.index, spec=spec)
    subscribe(driver.index, "next", version_of("report"))
    driver.index.backfills.start("sub", 1, ALL, BackfillOptions(cascade=cascade))
    advance(driver.index)
    run = driver.adopt("sub+1+model@1", spec)
    driver.finish(run, "a", new_version("report", output="report"))
    advance(driver.index)
    assert len(started(driver.index, "next")) == runs
    found = driver.index.subscriptions.match("next", "report", "1")
    assert found is not None
    assert found.outcome is (Outcome.STARTED if cascade else Outcome.QUIET)


def test_moves_of_an_alias_cannot_be_looked_up(driver: Driver) -> None:
    """They are in the log only; said before anything is begun."""
    subscribe(driver.index, "sub", alias_of())
    with pytest.raises(BackfillRefusedError, match="moves of an alias"):
        driver.index.backfills.start("sub", 1, ALL, MANY)
    with pytest.raises(BackfillRefusedError, match="moves of an alias"):
        list(driver.index.backfills.preview("sub", ALL))
    assert driver.index.backfills.count("sub") == 0


def test_a_gap_in_the_log_is_named_and_filled(driver: Driver) -> None:
    """Nothing is lost, though the log has forgotten it; and it is not skipped in silence."""
    subscribe(driver.index)
    driver.index.subscriptions.pause("sub", "for a day")
    _publish(driver, 3)
    advance(driver.index)
    driver.index.runs.trim(most_events=1)
    driver.index.subscriptions.resume("sub")
    advance(driver.index)
    lagged = driver.index.subscriptions.read("sub")
    assert (lagged.state, lagged.gap) == (SubscriptionState.LAGGED, ("1-0", "2-1"))
    assert started(driver.index) == []
    with pytest.raises(SubscriptionStateError, match="skip-gap"):
        driver.index.subscriptions.resume("sub")
    driver.index.subscriptions.resume("sub", skip_gap=True)
    driver.index.backfills.start("sub", 1, ALL, MANY)
    advance(driver.index)
    assert sorted(started(driver.index)) == ["1+model@1", "1+model@2", "1+model@3"]
