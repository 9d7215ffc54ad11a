"""Subscriptions: what starts a run, once, and with what."""

from raincheck_contracts.references import Condition, Operator
from raincheck_contracts.runs import StepState
from tests.support.builders import nonce, pipeline, step
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

LESS = Condition(key="MSE", op=Operator.LT, value=0.2)


def test_each_version_starts_a_run_of_its_own(driver: Driver) -> None:
    """What was published before the subscription starts nothing."""
    driver.publish("model")
    subscribe(driver.index)
    for _ in range(2):
        driver.publish("model")
    driver.publish("other")
    advance(driver.index)
    assert started(driver.index) == ["1+model@2", "1+model@3"]
    assert handed(driver.index, "sub+1+model@3") == ["model@3"]
    advance(driver.index)
    assert driver.index.subscriptions.read("sub").counts.started == 2


def test_a_version_matches_at_the_first_event_at_which_all_holds(driver: Driver) -> None:
    """Published without its metric, which is logged later; further events change nothing."""
    subscribe(driver.index, "sub", version_of(where=(LESS,), tag="good"))
    driver.publish("model")
    advance(driver.index)
    driver.index.versions.log_metadata("model", None, {"MSE": 0.1})
    advance(driver.index)
    assert started(driver.index) == []
    driver.index.versions.tag("model", None, "good")
    advance(driver.index)
    driver.index.versions.log_metadata("model", None, {"R2": 0.9})
    advance(driver.index)
    assert started(driver.index) == ["1+model@1"]
    assert driver.index.subscriptions.read("sub").counts.matched == 1


def test_each_move_of_an_alias_starts_a_run(driver: Driver) -> None:
    """Back to an earlier version, too."""
    subscribe(driver.index, "sub", alias_of())
    for _ in range(2):
        driver.publish("model")
    for version in ("1", "2", "1"):
        driver.index.versions.set_alias(nonce(), "model", "prod", version)
    driver.index.versions.set_alias(nonce(), "model", "other", "2")
    advance(driver.index)
    assert started(driver.index) == ["1+3-1", "1+4-1", "1+5-1"]


def test_a_batch_is_closed_when_it_is_full_and_when_its_time_is_over(driver: Driver) -> None:
    """All its versions are handed over."""
    subscribe(driver.index, group=batch(0.3, most=3))
    for _ in range(4):
        driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == ["1+3-1"]
    assert handed(driver.index, "sub+1+3-1") == ["model@1", "model@2", "model@3"]


def test_newest_takes_what_has_gathered(driver: Driver) -> None:
    """One run at a time."""
    subscribe(driver.index, group=NEWEST, limit=1)
    driver.publish("model")
    advance(driver.index)
    for _ in range(3):
        driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == ["1+1-1"]
    driver.adopt("sub+1+1-1", PLAIN)
    driver.finish("sub+1+1-1", "a")
    advance(driver.index)
    assert len(started(driver.index)) == 2
    second = "sub+" + started(driver.index)[1]
    assert handed(driver.index, second) == ["model@2", "model@3", "model@4"]


def test_all_of_hands_over_the_newest_of_each(driver: Driver) -> None:
    """Since the last firing."""
    subscribe(driver.index, "sub", version_of("model"), version_of("data"))
    driver.publish("model")
    driver.publish("model")
    driver.publish("data")
    advance(driver.index)
    driver.publish("data")
    advance(driver.index)
    assert [handed(driver.index, f"sub+{run}") for run in started(driver.index)] == [
        ["model@2", "data@1"]
    ]
    driver.publish("model")
    advance(driver.index)
    assert handed(driver.index, f"sub+{started(driver.index)[1]}") == ["model@3", "data@2"]


def test_the_triggering_version_is_an_input(driver: Driver) -> None:
    """The one that started the run, though a newer one is there; and as a list."""
    spec = pipeline(step("a", "model?trigger=newest", "model?trigger=all"))
    subscribe(driver.index, spec=spec)
    driver.publish("model")
    advance(driver.index)
    driver.publish("model")
    driver.adopt("sub+1+model@1", spec)
    claimed = driver.claimed("sub+1+model@1", "a")
    assert [value.version for value in claimed.values] == ["1", "1"]
    bindings = driver.step_run("sub+1+model@1", "a").bindings
    assert {name: item.version for name, item in bindings.items()} == {
        "model?trigger=newest": "1",
        "model?trigger=all[0]": "1",
    }


def test_a_run_that_nobody_triggered_fails_at_once(driver: Driver) -> None:
    """There is nothing to wait for."""
    run = driver.submit(pipeline(step("a", "model?trigger=newest")))
    driver.claim(run, "a")
    assert driver.state(run, "a") is StepState.FAILED
    assert "started this run" in str(driver.step_run(run, "a").error)
