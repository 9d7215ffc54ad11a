from collections.abc import Callable

import pytest

from raincheck.index.replies import Parked, Refused, Unresolvable
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, RunStatus, StepState
from tests.support.builders import new_version, nonce, pipeline, step, waiting
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key, key_names
from tests.support.waiting import wait_until


def _wait_keys(driver: Driver) -> list[str]:
    return [name for name in key_names(driver.index) if name.startswith("wait:")]


def _submit(driver: Driver, *needs: str | Reference) -> str:
    return driver.submit(pipeline(step("a", *needs)))


def _nothing(_driver: Driver) -> None:
    return


def _publish(driver: Driver) -> None:
    driver.publish("model")


def _set_alias(driver: Driver) -> None:
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")


def _log(driver: Driver) -> None:
    driver.index.versions.log_metadata("model", "1", {"MSE": 0.1})


def _tag(driver: Driver) -> None:
    driver.index.versions.tag("model", "1", "t")


def _publish_good(driver: Driver) -> None:
    driver.publish("model", MSE=0.1)


def _publish_tagged(driver: Driver) -> None:
    driver.index.versions.publish(nonce(), new_version("model", tags=("t",)))


def _publish_prod(driver: Driver) -> None:
    driver.publish("model")
    driver.publish("model", MSE=1)
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")


def _move_alias(driver: Driver) -> None:
    driver.index.versions.set_alias(nonce(), "model", "prod", "2")


Change = Callable[[Driver], None]
#: reference, what is there before, the wait key, what makes it ready
KINDS: list[tuple[str, Change, str, Change]] = [
    ("model@1", _nothing, "wait:v:model@1", _publish),
    ("model@2", _publish, "wait:v:model@2", _publish),
    ("model", _nothing, "wait:n:model", _publish),
    ("model:prod", _publish, "wait:a:model:prod", _set_alias),
    ("model@1#/MSE", _publish, "wait:m:model@1#MSE", _log),
    ("model#/MSE", _publish, "wait:q:model", _log),
    ("model#/MSE", _publish, "wait:q:model", _publish_good),
    ("model:prod#/MSE", _publish_prod, "wait:q:model", _log),
    ("model:prod#/MSE", _publish_prod, "wait:q:model", _move_alias),
    ("model?min=MSE", _publish, "wait:q:model", _log),
    ("model?max=MSE", _nothing, "wait:q:model", _publish_good),
    ("model?tag=t", _publish, "wait:q:model", _tag),
    ("model?tag=t", _publish, "wait:q:model", _publish_tagged),
    ("model?where=MSE<1", _publish, "wait:q:model", _publish_good),
    ("model?where=MSE<1", _publish, "wait:q:model", _log),
]


@pytest.mark.parametrize(("reference", "before", "watch", "change"), KINDS)
def test_what_a_step_waits_for_makes_it_ready(
    driver: Driver, reference: str, before: Change, watch: str, change: Change
) -> None:
    """Each kind of reference waits under its own key and is woken by what can cure it."""
    before(driver)
    run = _submit(driver, reference)
    driver.parked(run, "a")
    assert driver.status(run) is RunStatus.WAITING
    # Beside it, who asks for a version by its name is told of its deletion.
    assert [name for name in _wait_keys(driver) if not name.startswith("wait:d:")] == [watch]
    change(driver)
    assert driver.wake() == ["a"]
    assert driver.state(run, "a") is StepState.QUEUED
    assert _wait_keys(driver) == []
    driver.claimed(run, "a")


@pytest.mark.parametrize(("reference", "before", "watch", "change"), KINDS)
def test_what_was_there_before_needs_no_wait(
    driver: Driver, reference: str, before: Change, watch: str, change: Change
) -> None:
    """Publish then claim: the step is never parked."""
    before(driver)
    run = _submit(driver, reference)
    change(driver)
    driver.claimed(run, "a")
    assert watch not in key_names(driver.index)
    assert driver.wake() == []


def test_a_publication_that_nobody_waits_for_marks_nothing(driver: Driver) -> None:
    """Marking costs one look-up; without waiters there is nothing to wake."""
    assert driver.publish("model").dirty is False
    _submit(driver, "other")
    assert driver.publish("model").dirty is False


def test_a_change_only_marks_and_wake_moves(driver: Driver) -> None:
    """The publisher learns that steps are to be woken; until then they stay parked."""
    run = _submit(driver, "model")
    driver.parked(run, "a")
    assert driver.publish("model").dirty is True
    assert driver.state(run, "a") is StepState.WAITING
    messages, more = driver.index.runs.wake()
    assert ([message.run for message in messages], more) == ([run], False)


def test_a_parked_step_has_no_hint_and_cannot_be_claimed(driver: Driver) -> None:
    """It holds no message: a repeated one is refused, and none is sent again."""
    run = _submit(driver, "model")
    driver.parked(run, "a")
    assert driver.claim(run, "a") == Refused("REFUSED", "step is W")
    driver.pass_ticks(5_000)
    assert driver.due() == []


def test_a_step_waits_under_its_first_missing_reference_only(driver: Driver) -> None:
    """A change of any other cannot make it runnable and does not wake it."""
    run = _submit(driver, "x", "y", "z")
    driver.parked(run, "a")
    assert _wait_keys(driver) == ["wait:n:x"]
    assert driver.publish("y").dirty is False


def test_a_woken_step_parks_under_what_it_misses_next(driver: Driver) -> None:
    """It is looked at once a firing, and gets ready when the last one is there."""
    run = _submit(driver, "x", "y", "z")
    driver.parked(run, "a")
    driver.publish("y")
    driver.publish("x")
    assert driver.wake() == []
    assert _wait_keys(driver) == ["wait:n:z"]
    assert [item.reference for item in driver.step_run(run, "a").missing] == ["z:latest"]
    assert driver.wake() == []
    driver.publish("z")
    assert driver.wake() == ["a"]


def test_a_change_that_does_not_satisfy_a_waiter_sends_no_message(driver: Driver) -> None:
    """The waiter is looked at once and parks again, until the next change."""
    run = _submit(driver, "model?where=MSE<0.2")
    driver.parked(run, "a")
    for number in (0.5, 0.4):
        assert driver.publish("model", MSE=number).dirty is True
        assert driver.wake() == []
        assert _wait_keys(driver) == ["wait:q:model"]
    driver.publish("model", MSE=0.1)
    assert driver.wake() == ["a"]


def test_only_the_entry_that_is_waited_for_wakes(driver: Driver) -> None:
    """Who waits for a key of a version is not even looked at for its other keys."""
    driver.publish("model")
    run = _submit(driver, "model@1#/MSE")
    driver.parked(run, "a")
    driver.publish("model", MSE=0.5)
    assert driver.wake() == []
    assert driver.index.versions.log_metadata("model", "1", {"R2": 1, "MSE ": 1}).dirty is False
    assert _wait_keys(driver) == ["wait:d:model@1", "wait:m:model@1#MSE"]
    assert driver.index.versions.log_metadata("model", "1", {"R2": 1, "MSE": 0.1}).dirty is True
    assert driver.wake() == ["a"]


def test_a_waiter_that_is_looked_at_is_looked_at_once(driver: Driver) -> None:
    """Nothing goes round in circles: one slice looks at both waiters and is done."""
    runs = [_submit(driver, "model?where=MSE<0.2") for _ in range(2)]
    for run in runs:
        driver.parked(run, "a")
    driver.publish("model", MSE=0.5)
    messages, more = driver.index.runs.wake(10)
    assert (messages, more) == ((), False)
    before = dump(driver.index)
    driver.index.runs.wake(10)
    assert dump(driver.index) == before


def test_six_hundred_waiters_are_woken_in_slices(driver: Driver) -> None:
    """No call looks at more than 250, and nobody is lost or woken twice."""
    spec = pipeline(*(step(f"s{i}", "model") for i in range(600)))
    run = driver.submit(spec)
    for item in spec.steps:
        driver.parked(run, item.name)
    driver.publish("model")
    woken: list[str] = []
    sizes: list[int] = []
    more = True
    while more:
        messages, more = driver.index.runs.wake(250)
        sizes.append(len(messages))
        woken += [message.body for message in messages]
    assert max(sizes) <= 250
    assert len(sizes) >= 3
    assert len(woken) == len(set(woken)) == 600


def test_who_parks_while_others_are_woken_waits_for_the_next_change(driver: Driver) -> None:
    """A key that is being woken slice by slice takes new waiters without losing them."""
    runs = [_submit(driver, "model?where=MSE<0.2") for _ in range(6)]
    for run in runs[:5]:
        driver.parked(run, "a")
    driver.publish("model", MSE=0.5)
    driver.index.runs.wake(2)
    driver.parked(runs[5], "a")
    assert driver.publish("model", MSE=0.1).dirty is True
    assert driver.wake() == ["a"] * 6


def test_a_step_cancelled_while_it_is_woken_stays_cancelled(driver: Driver) -> None:
    """Between firing and looking its run may end."""
    first, second = _submit(driver, "model"), _submit(driver, "model")
    driver.parked(first, "a")
    driver.parked(second, "a")
    driver.publish("model")
    driver.index.runs.cancel(first, "no longer wanted")
    assert driver.wake() == ["a"]
    assert driver.state(first, "a") is StepState.CANCELLED
    assert driver.state(second, "a") is StepState.QUEUED


def test_a_reference_that_does_not_wait_fails_at_once(driver: Driver) -> None:
    """`wait=0` on any missing reference, wherever it stands."""
    run = _submit(driver, "x", waiting("y", 0))
    reply = driver.claim(run, "a")
    assert isinstance(reply, Unresolvable)
    assert [item.reference for item in reply.missing] == ["x:latest", "y:latest"]
    assert driver.status(run) is RunStatus.FAILED
    assert _wait_keys(driver) == []


def test_a_reference_that_does_not_wait_is_fine_when_it_is_there(driver: Driver) -> None:
    """Only a missing one fails the step."""
    driver.publish("y")
    run = _submit(driver, "x", waiting("y", 0))
    driver.parked(run, "a")


def test_the_default_wait_is_the_run_s(driver: Driver) -> None:
    """A run that waits for nothing fails at its first miss."""
    run = driver.submit(pipeline(step("a", "x")), wait_ms=0)
    assert isinstance(driver.claim(run, "a"), Unresolvable)


def test_a_miss_that_can_never_be_cured_fails_at_once(driver: Driver) -> None:
    """Whichever reference is watched; what depends on the step is skipped."""
    driver.publish("y")
    spec = pipeline(step("a", "x", "y@0"), step("b", after=["a"]))
    run = driver.submit(spec)
    reply = driver.claim(run, "a")
    assert isinstance(reply, Unresolvable)
    assert reply.missing[1].reason is MissingReason.VERSION_PASSED
    assert driver.state(run, "b") is StepState.SKIPPED


def test_a_wait_that_ends_fails_the_step_and_names_what_is_missing(driver: Driver) -> None:
    """Each missing reference is named, in one error for a person."""
    run = _submit(driver, waiting("x", 0.05), "y")
    driver.parked(run, "a")
    wait_until(lambda: driver.due() or driver.status(run).final)
    record = driver.step_run(run, "a")
    assert record.state is StepState.FAILED
    assert record.error is not None
    assert record.error.type == "raincheck_contracts.errors.ReferenceNotFoundError"
    assert record.error.message == (
        "x:latest: artifact 'x' has no versions yet; y:latest: artifact 'y' has no versions yet"
    )
    assert _wait_keys(driver) == []


def test_a_publication_in_the_moment_the_wait_ends_wins(driver: Driver) -> None:
    """The timer looks once more before it fails the step."""
    run = _submit(driver, waiting("x", 0.03))
    driver.parked(run, "a")
    driver.publish("x")
    wait_until(lambda: driver.due() == ["a"])
    assert driver.state(run, "a") is StepState.QUEUED


def test_a_wait_counts_from_the_first_parking(driver: Driver) -> None:
    """Parking again, under another reference, does not move any deadline."""
    run = _submit(driver, "x", "y")
    first = {item.reference: item.deadline for item in driver.parked(run, "a").missing}
    server_time = ask(driver.index, "TIME")
    wait_until(lambda: ask(driver.index, "TIME")[1] // 1000 != server_time[1] // 1000)
    driver.publish("x")
    assert driver.wake() == []
    [left] = driver.step_run(run, "a").missing
    assert left.deadline == first["y:latest"]
    timers = key(driver.index, "timers")
    assert ask(driver.index, "ZSCORE", timers, f"w|{run}/a") == left.deadline


def test_each_reference_has_its_own_deadline(driver: Driver) -> None:
    """The timer is the earliest of those that are missing."""
    run = _submit(driver, waiting("x", 100), waiting("y", 50), "z")
    deadlines = [item.deadline or 0 for item in driver.parked(run, "a").missing]
    assert (deadlines[0] - deadlines[1], deadlines[2] - deadlines[1]) == (50_000, 3_550_000)
    timers = key(driver.index, "timers")
    assert ask(driver.index, "ZSCORE", timers, f"w|{run}/a") == deadlines[1]
    driver.publish("y")
    driver.publish("x")
    driver.wake()
    assert ask(driver.index, "ZSCORE", timers, f"w|{run}/a") == deadlines[2]


def test_a_woken_step_may_park_again_at_its_claim(driver: Driver) -> None:
    """A hint is no promise: the claim decides, the old deadline holds, and it is woken again."""
    run = _submit(driver, "model#/MSE")
    first = driver.parked(run, "a").missing[0].deadline
    driver.publish("model", MSE=0.5)
    assert driver.wake() == ["a"]
    driver.publish("model")
    [again] = driver.parked(run, "a").missing
    assert (again.reason, again.deadline) == (MissingReason.METADATA_KEY_UNKNOWN, first)
    driver.index.versions.log_metadata("model", None, {"MSE": 0.4})
    assert driver.wake() == ["a"]
    assert driver.claimed(run, "a").values[0].metadata == "0.4"
    assert driver.step_run(run, "a").missing == ()


def test_many_names_wait_side_by_side(driver: Driver) -> None:
    """Firing one key leaves the waiters of all others alone."""
    runs = {name: _submit(driver, name) for name in ("x", "y", "z")}
    for run in runs.values():
        assert isinstance(driver.claim(run, "a"), Parked)
    driver.publish("y")
    driver.wake()
    states = {name: driver.state(run, "a") for name, run in runs.items()}
    assert states == {"x": StepState.WAITING, "y": StepState.QUEUED, "z": StepState.WAITING}
