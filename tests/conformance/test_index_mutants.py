"""Each promise of the index has a defence, and breaks when the defence is switched off.

A mutant is the library with one line changed. Its scenario passes on the true library
and fails on the mutant; a mutant that no scenario notices would mean that the promise
is not tested.
"""

import contextlib

import pytest

from raincheck.index.replies import Claimed, Parked, Refused, Unresolvable
from raincheck.index.run_scripts import Delivery
from raincheck_contracts.errors import (
    IndexProtocolError,
    MetadataConflictError,
    RunNotRetryableError,
    StaleFenceError,
    VersionExistsError,
)
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, nonce, output_of, pipeline, step, submission
from tests.support.driver import Driver
from tests.support.dumps import dump
from tests.support.mutants import Mutant, check_mutant

ONE = pipeline(step("a", outputs=["x"]))
LATEST = pipeline(step("a", "model", outputs=["x"]))
FLOATING = pipeline(step("a", "model", "model:latest#/MSE", outputs=["x"], retries=3))


def an_attempt_that_lost_its_step_publishes_nothing(driver: Driver) -> None:
    """The fence of an earlier attempt is refused."""
    run = driver.submit(ONE)
    stale = driver.attempt(run, "a")
    driver.index.nodes.lost("n1", 11)
    driver.attempt(run, "a")
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(stale, [new_version("x", output="x")])


def a_repeated_claim_is_one_attempt(driver: Driver) -> None:
    """The reply was lost and redis-py asked again."""
    run = driver.submit(ONE)
    delivery = Delivery(nonce=nonce(), node="n1", pid=11, task="t")
    assert driver.deliver(run, "a", delivery) == driver.deliver(run, "a", delivery)


def a_running_step_is_not_claimed_by_another(driver: Driver) -> None:
    """A doubled message runs nothing."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    assert isinstance(driver.claim(run, "a"), Refused)


def a_forged_body_is_refused(driver: Driver) -> None:
    """Who writes to the queue cannot change what a step does."""
    run = driver.submit(ONE)
    reply = driver.index.runs.claim(
        run,
        "a",
        digest="b3:" + "0" * 64,
        delivery=Delivery(nonce=nonce(), node="n1", pid=11, task="t"),
        references="",
    )
    assert isinstance(reply, Refused)


def an_unregistered_node_claims_nothing(driver: Driver) -> None:
    """Nobody could give its step back."""
    run = driver.submit(ONE)
    assert isinstance(driver.claim(run, "a", node="stranger"), Refused)


def a_retry_sees_what_the_first_attempt_saw(driver: Driver) -> None:
    """Bound once, although a newer version exists."""
    driver.publish("model", MSE=1)
    run = driver.submit(FLOATING)
    first = driver.claimed(run, "a")
    driver.publish("model", MSE=2)
    driver.index.nodes.lost("n1", 11)
    again = driver.claimed(run, "a")
    assert [v.version for v in first.values] == [v.version for v in again.values]


def a_publication_wakes_who_waits(driver: Driver) -> None:
    """No wake-up is lost."""
    run = driver.submit(LATEST)
    assert isinstance(driver.claim(run, "a"), Parked)
    driver.publish("model")
    assert driver.wake() == ["a"]


def a_missing_reference_does_not_fail_the_step(driver: Driver) -> None:
    """Missing is not failure."""
    run = driver.submit(LATEST)
    driver.claim(run, "a")
    assert driver.state(run, "a") is StepState.WAITING


def what_is_skipped_cannot_come(driver: Driver) -> None:
    """Who waits for it learns that at once."""
    run = driver.submit(pipeline(step("a", "model@5")))
    driver.parked(run, "a")
    driver.publish("model", "10")
    driver.wake()
    assert driver.state(run, "a") is StepState.FAILED


def what_can_never_come_fails_at_once(driver: Driver) -> None:
    """The counter has passed a version that is not there."""
    driver.publish("model", "one")
    driver.publish("model")
    driver.publish("model")
    driver.index.connection.ask([("DEL", f"{driver.index.connection.prefix}ver:model:1")])
    run = driver.submit(pipeline(step("a", "model@1")))
    assert isinstance(driver.claim(run, "a"), Unresolvable)


def metadata_is_written_once(driver: Driver) -> None:
    """A measured value does not change under those who used it."""
    driver.publish("model", MSE=1)
    with pytest.raises(MetadataConflictError):
        driver.index.versions.log_metadata("model", "1", {"MSE": 2})


def a_version_is_created_once(driver: Driver) -> None:
    """The second publication of a name is refused."""
    driver.publish("model", "cat")
    with pytest.raises(VersionExistsError):
        driver.publish("model", "cat")


def a_repeated_publication_is_one_version(driver: Driver) -> None:
    """The reply was lost and redis-py sent the request again."""
    request = nonce()
    driver.index.versions.publish(request, new_version("model"))
    driver.index.versions.publish(request, new_version("model"))
    assert driver.index.records.version_count("model") == 1


def a_repeated_submit_is_one_run(driver: Driver) -> None:
    """The same idempotency key starts nothing twice."""
    for _ in range(2):
        driver.index.runs.submit(submission(ONE, idempotency_key="nightly"))
    assert len(driver.index.records.run_ids(10)) == 1


def a_refused_publication_leaves_nothing(driver: Driver) -> None:
    """Validate first, then write: neither Lua nor MULTI rolls back."""
    before = dump(driver.index)
    arguments = new_version("model", metadata={"MSE": 1.5}).arguments()
    arguments[-1] = "nan"
    with contextlib.suppress(IndexProtocolError):  # the script error of the mutant
        driver.index.connection.call("publish", nonce(), *arguments)
    assert dump(driver.index) == before


def a_lost_hint_is_sent_again(driver: Driver) -> None:
    """The outbox row outlives the message."""
    driver.submit(ONE)
    driver.pass_ticks(30)
    assert driver.due() == ["a"]


def hints_back_off(driver: Driver) -> None:
    """A step that nobody takes costs one message per pause, not one per sweep."""
    driver.submit(ONE)
    driver.pass_ticks(30)
    assert [driver.due() for _ in range(3)] == [["a"], [], []]


def a_silent_node_is_replaced(driver: Driver) -> None:
    """Its steps are queued again after a lease of ticks."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    driver.pass_ticks(30)
    driver.index.nodes.reap()
    assert driver.state(run, "a") is StepState.QUEUED


def a_living_node_keeps_its_steps(driver: Driver) -> None:
    """Within the lease nothing is taken away."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    driver.pass_ticks(15)
    driver.index.nodes.reap()
    assert driver.state(run, "a") is StepState.RUNNING


def a_step_that_kills_its_workers_is_given_up(driver: Driver) -> None:
    """After three lost attempts it fails."""
    run = driver.submit(ONE)
    for _ in range(3):
        driver.claimed(run, "a")
        driver.index.nodes.lost("n1", 11)
    assert driver.state(run, "a") is StepState.FAILED


def what_depended_on_a_failure_is_skipped(driver: Driver) -> None:
    """A run with a failed step ends."""
    spec = pipeline(step("a", outputs=["x"]), step("b", output_of("a", "x")))
    run = driver.submit(spec)
    driver.fail(run, "a", "final")
    assert driver.status(run) is RunStatus.FAILED


def the_newest_of_equals_is_the_best(driver: Driver) -> None:
    """The tie-break is deterministic."""
    for _ in range(11):
        driver.publish("model", MSE=1)
    run = driver.submit(pipeline(step("a", "model?min=MSE")))
    reply = driver.claim(run, "a")
    assert isinstance(reply, Claimed)
    assert reply.values[0].version == "11"


def a_repeated_retry_is_one(driver: Driver) -> None:
    """The reply was lost and redis-py asked again, after the run had failed anew."""
    run = driver.submit(ONE)
    driver.fail(run, "a")
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    driver.fail(run, "a")
    with contextlib.suppress(RunNotRetryableError):
        driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
        assert driver.status(run) is RunStatus.FAILED
        return
    pytest.fail("the repeated call was refused")


def a_whole_run_is_not_mixed(driver: Driver) -> None:
    """Its references were bound together, and a step has succeeded on them."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model"), step("b", "model", after=["a"]), bind="run"))
    driver.finish(run, "a")
    driver.fail(run, "b")
    with pytest.raises(RunNotRetryableError):
        driver.index.runs.retry(run, earlier=0, rebind=True, inline_wait_ms=0)


def a_retry_leaves_what_succeeded(driver: Driver) -> None:
    """One effect per step, over retries too."""
    run = driver.submit(pipeline(step("a"), step("b", after=["a"])))
    driver.finish(run, "a")
    driver.fail(run, "b")
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert driver.state(run, "a") is StepState.SUCCEEDED


def a_claimed_step_is_not_queued(driver: Driver) -> None:
    """Neither counted nor aged."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    (queue,) = driver.index.records.figures().queues
    assert queue.steps == 0


def a_woken_step_does_not_wait(driver: Driver) -> None:
    """It is counted as queued."""
    run = driver.submit(pipeline(step("a", "model")))
    driver.parked(run, "a")
    driver.publish("model")
    driver.wake()
    assert driver.index.records.figures().waiting == 0


def a_woken_step_belongs_to_its_trace(driver: Driver) -> None:
    """Whoever publishes sends the hint, and knows nothing of the run's caller."""
    run = driver.submit(pipeline(step("a", "model")), trace="00-caller")
    driver.parked(run, "a")
    driver.publish("model")
    (message,), _ = driver.index.runs.wake()
    assert message.trace == "00-caller"


MUTANTS = [
    Mutant(
        "queued for ever",
        '    Batch.write("ZREM", call:key("queued:", queue), members)\n',
        "",
        a_claimed_step_is_not_queued,
    ),
    Mutant(
        "waiting for ever",
        '  redis.call("ZREM", call:key("waiting"), run .. "/" .. step)\n',
        "",
        a_woken_step_does_not_wait,
    ),
    Mutant(
        "trace forgotten",
        "facts.retries, facts.trace,\n    }",
        'facts.retries, "",\n    }',
        a_woken_step_belongs_to_its_trace,
    ),
    Mutant(
        "fence off",
        '"fence") == fence\nend',
        '"fence") ~= nil\nend',
        an_attempt_that_lost_its_step_publishes_nothing,
    ),
    Mutant(
        "nonce guard off",
        "  if again then\n    return again",
        "  if false then\n    return again",
        a_repeated_claim_is_one_attempt,
    ),
    Mutant(
        "state check off",
        'if run[3] ~= "Q" then',
        "if false then",
        a_running_step_is_not_claimed_by_another,
    ),
    Mutant(
        "payload digest check off",
        '"d:" .. c.step) ~= c.digest then',
        '"d:" .. c.step) == "" then',
        a_forged_body_is_refused,
    ),
    Mutant(
        "registration check off",
        'if not redis.call("ZSCORE", call:key("nodes"), c.node) then',
        "if false then",
        an_unregistered_node_claims_nothing,
    ),
    Mutant(
        "binding not kept",
        "    Bindings.keep(call, c.run, c.step, found)\n",
        "",
        a_retry_sees_what_the_first_attempt_saw,
    ),
    Mutant(
        "firing off",
        'redis.call("ZADD", call:key("dirty"), call:revision(), "f|" .. watch)',
        "local _ = watch",
        a_publication_wakes_who_waits,
    ),
    Mutant(
        "parking off",
        "if passed or earliest <= call:now() then",
        "if true then",
        a_missing_reference_does_not_fail_the_step,
    ),
    Mutant(
        "final misses wait",
        "passed = passed or missed.final or wait == 0",
        "passed = passed or wait == 0",
        what_can_never_come_fails_at_once,
    ),
    Mutant(
        "who waits for a number that is skipped goes on waiting",
        "for skipped = last + 1, chosen - 1 do",
        "for skipped = last + 1, last do",
        what_is_skipped_cannot_come,
    ),
    Mutant(
        "write-once off",
        "if old and old ~= entry.raw then",
        "if false then",
        metadata_is_written_once,
    ),
    Mutant(
        "existence check off",
        'return { "EXISTS", item.artifact, version }',
        "local _ = item",
        a_version_is_created_once,
    ),
    Mutant(
        "request guard off",
        'return { "DONE", values[1], values[2], "0", unpack(values, 3) }',
        "local _ = values",
        a_repeated_publication_is_one_version,
    ),
    Mutant(
        "idempotency key off",
        'local stored = idem ~= "" and redis.call("GET", idem)',
        "local stored = nil",
        a_repeated_submit_is_one_run,
    ),
    Mutant(
        "validation after the write",
        'return { "INVALID", "metadata " .. entry.key .. " is not a finite number" }',
        "local _ = entry",
        a_refused_publication_leaves_nothing,
    ),
    Mutant(
        "outbox off",
        'Batch.write("ZADD", call:key("hints:", queue), rows)',
        "local _ = rows",
        a_lost_hint_is_sent_again,
    ),
    Mutant(
        "back-off off",
        "tick + pause * TICKS_PER_SECOND",
        "tick",
        hints_back_off,
    ),
    Mutant(
        "reaping off",
        "      remove(call, oldest[i], out, Ends.lost, true)\n",
        "",
        a_silent_node_is_replaced,
    ),
    Mutant(
        "lease ignored",
        "if tonumber(oldest[i + 1]) + tonumber(lease) < tick then",
        "if tonumber(oldest[i + 1]) < tick then",
        a_living_node_keeps_its_steps,
    ),
    Mutant(
        "lost limit off",
        "local LOST_LIMIT, SILENT_LIMIT = 3,",
        "local LOST_LIMIT, SILENT_LIMIT = 1000,",
        a_step_that_kills_its_workers_is_given_up,
    ),
    Mutant(
        "skipping off",
        "if #skipped > 0 then",
        "if false then",
        what_depended_on_a_failure_is_skipped,
    ),
    Mutant(
        "retries not counted",
        "if retries == r.earlier + 1 then",
        "if false then",
        a_repeated_retry_is_one,
    ),
    Mutant(
        "whole runs rebound",
        "if r.rebind and run[3] and some_succeeded then",
        "if false then",
        a_whole_run_is_not_mixed,
    ),
    Mutant(
        "succeeded steps run again",
        'if states[step] ~= "S" then',
        "if true then",
        a_retry_leaves_what_succeeded,
    ),
    Mutant(
        "sequence not padded",
        'string.format("%016d", sequence)',
        'string.format("%d", sequence)',
        the_newest_of_equals_is_the_best,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_promise_breaks_with_its_defence(mutant: Mutant) -> None:
    """The scenario passes on the library and fails on the mutant."""
    check_mutant(mutant)
