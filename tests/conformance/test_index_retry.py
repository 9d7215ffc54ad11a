from functools import partial

import pytest

from raincheck.index.replies import Claimed
from raincheck_contracts.errors import (
    RunNotFoundError,
    RunNotRetryableError,
    StaleFenceError,
)
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import ERROR, Driver, names
from tests.support.dumps import dump, key_names

ONE = pipeline(step("a"))
CHAIN = pipeline(
    step("a", outputs=["x"]), step("b", output_of("a", "x")), step("c", after=["b"]), step("d")
)
BOUND = pipeline(step("a", "model"))


def retry(driver: Driver, run: str, *, rebind: bool = False) -> list[str]:
    """Retry a run; the steps whose hints are to be sent."""
    earlier = driver.index.records.retries(run)
    _, messages = driver.index.runs.retry(
        run, earlier=earlier, rebind=rebind, inline_wait_ms=60_000
    )
    return names(messages)


def states(driver: Driver, run: str) -> str:
    """The first letters of the steps' states."""
    return " ".join(item.state.value[:4] for item in driver.index.records.run(run).steps)


def test_what_failed_and_what_was_skipped_runs_again(driver: Driver) -> None:
    """The step that succeeded does not; its output feeds the others."""
    run = driver.submit(CHAIN)
    driver.finish(run, "a", new_version("x", output="x"))
    driver.fail(run, "b")
    driver.finish(run, "d")
    assert states(driver, run) == "succ fail skip succ"
    assert retry(driver, run) == ["b"]
    assert states(driver, run) == "succ queu pend succ"
    assert driver.status(run) is RunStatus.RUNNING
    driver.finish(run, "b")
    driver.finish(run, "c")
    assert driver.status(run) is RunStatus.SUCCEEDED


def test_a_cancelled_run_runs_again(driver: Driver) -> None:
    """From its first step that had not succeeded; the reason of its end is gone."""
    run = driver.submit(CHAIN)
    driver.index.runs.cancel(run, "too early")
    assert retry(driver, run) == ["a", "d"]
    record = driver.index.records.run(run)
    assert (record.status, record.reason, record.ended_at) == (RunStatus.QUEUED, None, None)


def test_a_retried_step_has_all_its_tries(driver: Driver) -> None:
    """Attempts go on counting; used-up tries and lost workers are forgotten."""
    run = driver.submit(pipeline(step("a", retries=1)))
    driver.fail(run, "a")
    driver.fail(run, "a")
    assert driver.status(run) is RunStatus.FAILED
    retry(driver, run)
    assert driver.fail(run, "a")[0] == "retry"
    assert driver.step_run(run, "a").attempt == 3


def test_the_bindings_are_kept(driver: Driver) -> None:
    """A retry sees what the run saw, although a newer version is there."""
    driver.publish("model")
    run = driver.submit(BOUND)
    driver.fail(run, "a")
    driver.publish("model")
    retry(driver, run)
    assert [value.version for value in driver.claimed(run, "a").values] == ["1"]


def test_rebind_resolves_again(driver: Driver) -> None:
    """Asked for by name, a retry sees what is true now."""
    driver.publish("model", MSE=1)
    run = driver.submit(pipeline(step("a", "model", "model:latest#/MSE")))
    driver.fail(run, "a")
    driver.publish("model", MSE=2)
    retry(driver, run, rebind=True)
    values = driver.claimed(run, "a").values
    assert [(value.version, value.metadata) for value in values] == [("2", None), ("2", "2")]


def test_rebind_of_a_whole_run(driver: Driver) -> None:
    """References that were bound together are resolved together again."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model"), step("b", "model", after=["a"]), bind="run"))
    driver.fail(run, "a")
    driver.publish("model")
    retry(driver, run, rebind=True)
    bound = driver.claimed(run, "a")
    assert [value.version for value in bound.values] == ["2"]


def test_rebind_does_not_mix_the_versions_of_a_whole_run(driver: Driver) -> None:
    """A step has succeeded on the old ones: refused, and nothing is changed."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model"), step("b", "model", after=["a"]), bind="run"))
    driver.finish(run, "a")
    driver.fail(run, "b")
    before = dump(driver.index)
    with pytest.raises(RunNotRetryableError, match="bound for the whole run"):
        retry(driver, run, rebind=True)
    assert dump(driver.index) == before
    assert retry(driver, run) == ["b"]


@pytest.mark.parametrize(("ended", "why"), [(False, "has not ended"), (True, "succeeded")])
def test_what_needs_no_retry(driver: Driver, why: str, *, ended: bool) -> None:
    """A live run and one that succeeded are left alone."""
    run = driver.submit(ONE)
    if ended:
        driver.finish(run, "a")
    before = dump(driver.index)
    with pytest.raises(RunNotRetryableError, match=why):
        retry(driver, run)
    assert dump(driver.index) == before


def test_an_unknown_run(driver: Driver) -> None:
    """There is nothing to retry."""
    with pytest.raises(RunNotFoundError):
        retry(driver, "f" * 32)


def test_a_repeated_call_has_one_effect(driver: Driver) -> None:
    """As after a lost reply; and once the run has failed again it is not retried unasked."""
    run = driver.submit(ONE)
    driver.fail(run, "a")
    call = partial(driver.index.runs.retry, run, earlier=0, rebind=False, inline_wait_ms=0)
    first = call()
    assert (first[0], names(first[1])) == (1, ["a"])
    before = dump(driver.index)
    assert call() == first
    assert dump(driver.index) == before
    driver.fail(run, "a")
    assert call() == (0, ())
    assert driver.status(run) is RunStatus.FAILED


def test_who_comes_too_late(driver: Driver) -> None:
    """Two more retries have been made since it looked."""
    run = driver.submit(ONE)
    for _ in range(2):
        driver.fail(run, "a")
        retry(driver, run)
    driver.fail(run, "a")
    with pytest.raises(RunNotRetryableError, match="in the meantime"):
        driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)


def test_an_attempt_of_before_writes_nothing(driver: Driver) -> None:
    """Its worker was only slow; the run was cancelled and retried meanwhile."""
    run = driver.submit(pipeline(step("a", outputs=["x"])))
    late = driver.attempt(run, "a")
    driver.index.runs.cancel(run, "too slow")
    retry(driver, run)
    driver.attempt(run, "a")
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(late, [new_version("x", output="x")])
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(late, "error", ERROR)


def test_a_step_that_waited_waits_its_full_time_again(driver: Driver) -> None:
    """What ran out was the wait of the earlier try."""
    run = driver.submit(BOUND)
    driver.parked(run, "a")
    driver.index.runs.cancel(run, "no longer wanted")
    retry(driver, run)
    driver.parked(run, "a")
    driver.publish("model")
    assert driver.wake() == ["a"]
    assert isinstance(driver.claim(run, "a"), Claimed)


def test_the_records_live_as_long_as_the_run(driver: Driver) -> None:
    """They were to expire; after the next end they expire again."""
    run = driver.submit(BOUND, idempotency_key="k")
    driver.publish("model")
    driver.fail(run, "a")
    retry(driver, run)
    index = driver.index
    prefix = index.connection.prefix
    owned = [
        name for name in key_names(index) if name.startswith(("run:", "step:", "idem:", "spec:"))
    ]
    assert index.connection.ask([("TTL", prefix + name) for name in owned]) == [-1] * 4
    assert index.records.run_ids(9, live_only=True) == [run]
    assert "runs:done" not in key_names(index)
    driver.finish(run, "a")
    assert all(ttl > 0 for ttl in index.connection.ask([("TTL", prefix + n) for n in owned]))


def test_a_run_that_was_inline_is_queued(driver: Driver) -> None:
    """Its process is gone: its steps get hints, and wait as queued steps do."""
    run = driver.submit(BOUND, inline_node="n1", wait_ms=0)
    driver.claim(run, "a")
    assert driver.state(run, "a") is StepState.FAILED
    assert retry(driver, run) == ["a"]
    driver.parked(run, "a")


def test_hints_of_a_retried_run_say_so(driver: Driver) -> None:
    """A monitor tells them from the earlier ones."""
    run = driver.submit(CHAIN)
    driver.fail(run, "a")
    driver.fail(run, "d")
    _, messages = driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert {message.retries for message in messages} == {1}
    freed = driver.finish(run, "a", new_version("x", output="x")).messages
    assert {message.retries for message in freed} == {1}
