import time

import pytest

from raincheck.index import Index
from raincheck.index.replies import Claimed, Refused
from raincheck_contracts.errors import IdempotencyConflictError, InvalidWriteError
from raincheck_contracts.runs import Fork, RunStatus, StepState
from tests.support.builders import output_of, pipeline, step, submission
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key
from tests.support.waiting import wait_until

ONE = pipeline(step("a"))
CHAIN = pipeline(step("a", outputs=["x"]), step("b", output_of("a", "x")))


def test_a_new_run_has_its_roots_ready_and_the_rest_pending(driver: Driver) -> None:
    """Submit names the steps whose hints are to be sent: those that need nothing."""
    wish = submission(CHAIN)
    assert driver.index.runs.submit(wish) == (wish.run, ("a",), True)
    run = driver.index.records.run(wish.run)
    assert [item.state for item in run.steps] == [StepState.QUEUED, StepState.PENDING]
    assert run.status is RunStatus.QUEUED


def test_the_same_run_id_again_is_the_same_run(driver: Driver) -> None:
    """A repeated submit changes nothing and says that the run is not new."""
    wish = submission(ONE)
    driver.index.runs.submit(wish)
    before = dump(driver.index)
    assert driver.index.runs.submit(wish) == (wish.run, (), False)
    assert dump(driver.index) == before


def test_a_fork_says_of_what_and_sees_the_events_of_that(driver: Driver) -> None:
    """It was not started by them: it has no lane, and takes no room of a subscription."""
    fork = Fork(run="run-1", replaced={"a.x": "x@1"})
    event = "7-1\x1fpublished\x1fmodel\x1f3\x1f3"
    wish = submission(ONE, fork=fork.canonical_json(), trigger=event)
    for _ in range(2):
        driver.index.runs.submit(wish)
    run = driver.index.records.run(wish.run)
    assert (run.fork, run.trigger) == (fork, None)
    driver.adopt(wish.run, ONE)
    assert [item.version for item in driver.claimed(wish.run, "a").trigger] == ["3"]
    driver.index.runs.cancel(wish.run, "by hand")


def test_the_same_run_id_for_another_request_is_a_conflict(driver: Driver) -> None:
    """A run id is never reused for other parameters."""
    wish = submission(ONE)
    driver.index.runs.submit(wish)
    with pytest.raises(IdempotencyConflictError):
        driver.index.runs.submit(submission(ONE, run=wish.run, parameters='{"x":1}'))


def test_an_idempotency_key_gives_the_first_run(driver: Driver) -> None:
    """A second submit with the key gives the first run, whatever its own run id."""
    first = submission(ONE, idempotency_key="nightly")
    driver.index.runs.submit(first)
    before = dump(driver.index)
    again = submission(ONE, idempotency_key="nightly")
    assert driver.index.runs.submit(again) == (first.run, (), False)
    assert dump(driver.index) == before


def test_an_idempotency_key_with_other_parameters_is_a_conflict(driver: Driver) -> None:
    """The error names the pipeline, the key and the run that has it; nothing is written."""
    first = submission(ONE, idempotency_key="nightly")
    driver.index.runs.submit(first)
    before = dump(driver.index)
    other = submission(ONE, idempotency_key="nightly", parameters='{"x":1}')
    with pytest.raises(IdempotencyConflictError) as caught:
        driver.index.runs.submit(other)
    error = caught.value
    assert (error.pipeline, error.key, error.run) == ("p", "nightly", first.run)
    assert dump(driver.index) == before


def test_an_idempotency_key_still_names_a_finished_run(driver: Driver) -> None:
    """The key lives as long as the record of its run."""
    run = driver.submit(ONE, idempotency_key="nightly")
    driver.finish(run, "a")
    assert driver.submit(ONE, idempotency_key="nightly") == run
    ttl = ask(driver.index, "PTTL", key(driver.index, "idem:p:nightly"))
    assert ttl == pytest.approx(7 * 86_400_000, abs=60_000)


def test_a_countdown_delays_the_first_claim(driver: Driver) -> None:
    """A delayed run sends no hint, is refused as early, and becomes due by itself."""
    wish = submission(ONE, countdown_ms=3_600_000)
    assert driver.index.runs.submit(wish) == (wish.run, (), True)
    run = driver.submit(ONE, countdown_ms=60)
    refused = driver.claim(run, "a")
    assert isinstance(refused, Refused)
    assert refused.code == "EARLY"
    wait_until(lambda: driver.due() == ["a"])
    assert isinstance(driver.claim(run, "a"), Claimed)


def test_not_before_is_kept_to_the_server_clock(driver: Driver) -> None:
    """A start in the future is early; one in the past is ready at once."""
    now = round(time.time() * 1000)
    later = driver.submit(ONE, not_before_ms=now + 3_600_000)
    reply = driver.claim(later, "a")
    assert reply == Refused("EARLY", str(now + 3_600_000))
    _, wait = driver.index.runs.due([])
    assert wait == 60_000
    assert isinstance(driver.claim(driver.submit(ONE, not_before_ms=now - 1), "a"), Claimed)


def test_a_run_that_expires_before_it_starts_is_cancelled(driver: Driver) -> None:
    """Queued and waiting steps end with the run, and the reason says so."""
    spec = pipeline(step("a"), step("w", "model"), step("z", after=["a"]))
    run = driver.submit(spec, expires_ms=round(time.time() * 1000) + 50)
    driver.parked(run, "w")
    wait_until(lambda: driver.due() or driver.status(run).final)
    record = driver.index.records.run(run)
    assert record.status is RunStatus.CANCELLED
    assert record.reason == "expired before it started"
    states = [item.state for item in record.steps]
    assert states == [StepState.CANCELLED, StepState.CANCELLED, StepState.SKIPPED]


def test_a_run_that_has_started_does_not_expire(driver: Driver) -> None:
    """Expiry is about the start: a run between two tries has started."""
    spec = pipeline(step("a", retries=1))
    run = driver.submit(spec, expires_ms=1)
    driver.fail(run, "a")
    driver.due()
    assert driver.state(run, "a") is StepState.QUEUED


def test_an_expired_run_cannot_be_claimed(driver: Driver) -> None:
    """Its hint, which is still in the queue, is refused."""
    run = driver.submit(ONE, expires_ms=1)
    driver.due()
    assert driver.claim(run, "a") == Refused("REFUSED", "step is C")


def test_an_inline_run_needs_its_node(driver: Driver) -> None:
    """Without a registered node nobody would notice that the process died."""
    before = dump(driver.index)
    with pytest.raises(InvalidWriteError, match="NODE_UNKNOWN"):
        driver.submit(ONE, inline_node="ghost")
    assert dump(driver.index) == before


def test_a_run_of_too_many_steps_is_refused(index: Index) -> None:
    """The limit is a property of the index, whoever compiled the pipeline."""
    body = step("s")
    steps = tuple(body.model_copy(update={"name": f"s{i}"}) for i in range(2_001))
    spec = pipeline(body).model_copy(update={"steps": steps})
    wish = submission(spec)
    with pytest.raises(InvalidWriteError, match="2,000"):
        index.runs.submit(wish)
    assert index.records.run_ids(10) == []


def test_a_run_of_two_thousand_roots_is_accepted(driver: Driver) -> None:
    """All its roots are named in one reply."""
    body = step("s")
    steps = tuple(body.model_copy(update={"name": f"s{i}"}) for i in range(2_000))
    spec = pipeline(body).model_copy(update={"steps": steps})
    _, ready, _ = driver.index.runs.submit(submission(spec))
    assert len(ready) == 2_000


def test_runs_of_one_pipeline_share_its_spec(driver: Driver) -> None:
    """The spec is stored once; it begins to expire when the last live run has ended."""
    first, second = driver.submit(ONE), driver.submit(ONE)
    spec = key(driver.index, f"spec:{submission(ONE).spec_digest}")
    driver.finish(first, "a")
    assert ask(driver.index, "PTTL", spec) == -1
    driver.finish(second, "a")
    assert ask(driver.index, "PTTL", spec) == pytest.approx(30 * 86_400_000, abs=60_000)
    driver.submit(ONE)
    assert ask(driver.index, "PTTL", spec) == -1
