"""Subscriptions: what starts a run, once, and with what."""

from dataclasses import replace

import pytest

from raincheck.index.backfill_scripts import BackfillOptions, Since
from raincheck_contracts.errors import SubscriptionMovedError, SubscriptionNotFoundError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import RunStatus, StepState
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import Outcome, SubscriptionState
from tests.support.builders import new_version, nonce, pipeline, record, step
from tests.support.driver import Driver
from tests.support.dumps import ask
from tests.support.subscribing import (
    NEWEST,
    PLAIN,
    advance,
    alias_of,
    batch,
    handed,
    redefine,
    started,
    subscribe,
    version_of,
)
from tests.support.waiting import wait_until

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
    assert handed(driver.index, f"sub+{started(driver.index)[1]}") == ["data@2", "model@3"]


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


def test_a_full_limit_waits_skips_or_replaces(driver: Driver) -> None:
    """As the author chose; whatever becomes of a match is on record."""
    for choice in ("queue", "skip", "replace"):
        subscribe(driver.index, choice, limit=1, when_full=choice)
    for _ in range(3):
        driver.publish("model")
        advance(driver.index)
    assert started(driver.index, "queue") == ["1+model@1"]
    assert started(driver.index, "skip") == ["1+model@1"]
    assert started(driver.index, "replace") == ["1+model@1", "1+model@2", "1+model@3"]
    status = {name: driver.status(f"replace+1+model@{name}") for name in ("1", "2", "3")}
    assert status == {"1": RunStatus.CANCELLED, "2": RunStatus.CANCELLED, "3": RunStatus.QUEUED}
    subscriptions = driver.index.subscriptions
    assert subscriptions.read("queue").pending == 2
    assert subscriptions.read("skip").counts.skipped == 2
    assert subscriptions.read("replace").counts.replaced == 2
    skipped = subscriptions.match("skip", "model", "2")
    assert skipped is not None
    assert skipped.outcome is Outcome.SKIPPED
    for version in ("1", "2"):
        driver.finish(driver.adopt(f"queue+1+model@{version}", PLAIN), "a")
        advance(driver.index)
    assert started(driver.index, "queue") == ["1+model@1", "1+model@2", "1+model@3"]


def test_what_is_required_is_waited_for_and_triggers_nothing(driver: Driver) -> None:
    """The run starts when it is there, with the versions that had matched."""
    subscribe(driver.index, requires=(parse_reference("data:good"),))
    driver.publish("data")
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == []
    found = driver.index.subscriptions.read("sub")
    assert (found.lacks, found.pending) == ("data:good", 1)
    driver.index.versions.set_alias(nonce(), "data", "good", "1")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1"]
    assert driver.index.subscriptions.read("sub").lacks is None


def _publish_by(driver: Driver, pipeline_name: str, artifact: str = "model") -> str:
    spec = pipeline(step("a", outputs=[artifact])).model_copy(update={"name": pipeline_name})
    run = driver.submit(spec)
    driver.finish(run, "a", new_version(artifact, output=artifact))
    advance(driver.index)
    return run


def test_a_condition_may_name_the_publishing_pipeline(driver: Driver) -> None:
    """A version from elsewhere, or by hand, does not match."""
    subscribe(driver.index, "sub", version_of(by="train"))
    driver.publish("model")
    _publish_by(driver, "other")
    _publish_by(driver, "train")
    assert started(driver.index) == ["1+model@3"]


def test_a_condition_may_ask_for_other_bytes(driver: Driver) -> None:
    """Than those of the version before; the first version is always another."""
    subscribe(driver.index, "sub", version_of(changed=True))
    for value in ("1", "1", "2", "2", "1"):
        version = replace(new_version("model"), record=record(value))
        driver.index.versions.publish(nonce(), version)
    advance(driver.index)
    assert started(driver.index) == ["1+model@1", "1+model@3", "1+model@5"]


def test_any_of_starts_one_run_for_each_event(driver: Driver) -> None:
    """Also when several of its conditions hold."""
    either = (version_of(), version_of(tag="good"), version_of("data"))
    subscribe(driver.index, "sub", either)
    driver.index.versions.publish(nonce(), new_version("model", tags=("good",)))
    driver.publish("data")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1", "1+data@1"]


def test_a_pipeline_ignores_what_its_own_runs_publish(driver: Driver) -> None:
    """Unless it asks for it; and it goes round only so often."""
    spec = pipeline(step("a", outputs=["model"])).model_copy(update={"name": "loop"})
    subscribe(driver.index, "ignoring", spec=spec)
    subscribe(driver.index, "looping", spec=spec, feedback=True, max_depth=3)
    _publish_by(driver, "loop")
    assert (started(driver.index, "ignoring"), started(driver.index, "looping")) == (
        [],
        ["1+model@1"],
    )
    for version in range(1, 4):
        run = driver.adopt(f"looping+1+model@{version}", spec)
        assert driver.index.records.run(run).depth == version
        driver.finish(run, "a", new_version("model", output="model"))
        advance(driver.index)
    assert len(started(driver.index, "looping")) == 3
    found = driver.index.subscriptions.match("looping", "model", "4")
    assert found is not None
    assert found.outcome is Outcome.DEEP
    assert driver.index.subscriptions.read("ignoring").counts.own == 4


def test_a_changed_subscription_goes_on_where_it_was(driver: Driver) -> None:
    """Nothing comes twice, nothing is lost, and an older difference is refused."""
    made = subscribe(driver.index)
    advance(driver.index)
    for _ in range(3):
        driver.publish("model")
    driver.index.runs.wake(1)  # the rest is not looked at yet
    redefine(driver.index, made, max_depth=5)
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == [f"1+model@{version}" for version in range(1, 5)]
    assert [item.version for item in driver.index.subscriptions.deployments("sub")] == [1, 2]
    with pytest.raises(SubscriptionMovedError):
        driver.index.subscriptions.define(made, expected=1)
    assert driver.index.subscriptions.define(made, expected=2) == ("CHANGED", 3)
    assert driver.index.subscriptions.define(made, expected=0) == ("SAME", 3)


def test_a_subscription_whose_runs_no_worker_knows_pauses(driver: Driver) -> None:
    """After three of them, with the reason."""
    subscribe(driver.index)
    for version in range(1, 4):
        driver.publish("model")
        advance(driver.index)
        for _ in range(30):
            driver.index.runs.decline(f"sub+1+model@{version}", "a", "no module 'steps'")
    found = driver.index.subscriptions.read("sub")
    assert found.state is SubscriptionState.PAUSED
    assert "no module 'steps'" in str(found.reason)


def test_a_deleted_subscription_leaves_nothing(driver: Driver) -> None:
    """But its runs, which go on to their end."""
    subscribe(driver.index, limit=1)
    driver.publish("model")
    driver.publish("model")
    advance(driver.index)
    driver.index.subscriptions.delete("sub")
    for _ in range(30):
        driver.index.runs.decline("sub+1+model@1", "a", "no module")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1"]
    with pytest.raises(SubscriptionNotFoundError, match="there are none"):
        driver.index.subscriptions.read("sub")


def test_what_happens_during_a_pause_is_made_up_for(driver: Driver) -> None:
    """All of it, however often somebody looks meanwhile."""
    subscribe(driver.index)
    driver.index.subscriptions.pause("sub", "for a day")
    for _ in range(3):
        driver.publish("model")
        advance(driver.index)
    assert started(driver.index) == []
    driver.index.subscriptions.resume("sub")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1", "1+model@2", "1+model@3"]


def test_small_slices_leave_nothing_out(driver: Driver) -> None:
    """Whoever looks next goes on where the slice has ended."""
    subscribe(driver.index)
    for _ in range(5):
        driver.publish("model")
    while driver.index.runs.wake(1)[1]:
        pass
    assert len(started(driver.index)) == 5


def test_the_window_of_a_batch_ends_by_itself(driver: Driver) -> None:
    """Its timer is enough: nothing else has to happen."""
    subscribe(driver.index, group=batch(0.05))
    driver.publish("model")
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == []

    def over() -> bool:
        driver.due()
        advance(driver.index)
        return bool(started(driver.index))

    wait_until(over, 5)
    assert handed(driver.index, "sub+1+2-1") == ["model@1", "model@2"]


def test_a_subscription_made_anew_does_not_repeat_runs_that_are_kept(driver: Driver) -> None:
    """Its memory went with the first one; the runs are there."""
    subscribe(driver.index)
    driver.publish("model")
    advance(driver.index)
    run = driver.adopt("sub+1+model@1", PLAIN)
    driver.finish(run, "a")
    driver.index.subscriptions.delete("sub")
    subscribe(driver.index)
    driver.index.backfills.start("sub", 1, Since("rev", 0), BackfillOptions())
    advance(driver.index)
    assert driver.status(run) is RunStatus.SUCCEEDED


def test_what_nobody_has_looked_at_is_not_too_old(driver: Driver) -> None:
    """No worker was there for a week; the first one that comes starts what is due."""
    subscribe(driver.index)
    driver.publish("model")
    driver.publish("other")
    driver.index.runs.trim()
    advance(driver.index)
    assert started(driver.index) == ["1+model@1"]


def test_what_waits_goes_with_the_parts(driver: Driver) -> None:
    """Parts in another order, one part less, one artifact no longer: each match is somewhere."""
    made = subscribe(driver.index, "sub", version_of("model"), version_of("data"))
    driver.publish("model")
    advance(driver.index)
    turned = ((version_of("data"),), (version_of("model"),))
    redefine(driver.index, made, all_of=turned)
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == []
    redefine(driver.index, made, all_of=((version_of("model"), version_of("data")),))
    advance(driver.index)
    assert started(driver.index) == ["1+model@2"]
    subscriptions = driver.index.subscriptions
    assert subscriptions.read("sub").counts.superseded == 1
    assert subscriptions.read("sub").pending == 0


def test_a_late_look_judges_as_one_at_once(driver: Driver) -> None:
    """The tag came after the publication by an own run, and is somebody else's event."""
    spec = pipeline(step("a", outputs=["model"])).model_copy(update={"name": "train"})
    subscribe(driver.index, "sub", version_of(tag="good"), spec=spec)
    run = driver.submit(spec)
    driver.finish(run, "a", new_version("model", output="model"))
    driver.index.versions.tag("model", "1", "good")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1"]


def test_a_retried_run_takes_room_of_its_own_subscription_only(driver: Driver) -> None:
    """Not of one that was deployed anew under the name after its own was deleted."""
    subscribe(driver.index, limit=1)
    driver.publish("model")
    advance(driver.index)
    run = driver.adopt("sub+1+model@1", PLAIN)
    driver.fail(run, "a")
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert driver.index.subscriptions.read("sub").live == 1
    driver.fail(run, "a")
    driver.index.subscriptions.delete("sub")
    # By the server's clock, in milliseconds: the next one is created in a later one.
    (seconds, micros) = ask(driver.index, "TIME")
    wait_until(lambda: tuple(ask(driver.index, "TIME")) > (seconds, micros + 2_000), 5)
    subscribe(driver.index, limit=1)
    driver.index.runs.retry(run, earlier=1, rebind=False, inline_wait_ms=0)
    assert driver.index.subscriptions.read("sub").live == 0
    driver.publish("model")
    advance(driver.index)
    assert started(driver.index) == ["1+model@1", "1+model@2"]
