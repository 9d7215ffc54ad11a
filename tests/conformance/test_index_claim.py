from dataclasses import replace

import pytest

from raincheck.index.replies import Claimed, Refused
from raincheck.index.run_scripts import Delivery
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import digest, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key

ONE = pipeline(step("a"))


def _bad(driver: Driver) -> list[dict[bytes, bytes]]:
    entries: list[tuple[bytes, dict[bytes, bytes]]] = ask(
        driver.index, "XRANGE", key(driver.index, "bad"), "-", "+"
    )
    return [fields for _, fields in entries]


def _forged(driver: Driver, run: str, name: str, body_digest: str) -> object:
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    return driver.index.runs.claim(run, name, digest=body_digest, delivery=delivery, references="")


def test_a_claim_hands_out_a_fence_of_the_attempt_and_the_nonce(driver: Driver) -> None:
    """The fence names the attempt and the delivery."""
    run = driver.submit(ONE)
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    reply = driver.deliver(run, "a", delivery)
    assert isinstance(reply, Claimed)
    assert (reply.attempt, reply.fence) == (1, f"1:{delivery.nonce}")
    assert driver.state(run, "a") is StepState.RUNNING


def test_the_same_delivery_gets_the_same_reply(driver: Driver) -> None:
    """A lost claim reply burns no attempt: the repeat gives fence and bindings again."""
    driver.publish("model", MSE=0.5)
    run = driver.submit(pipeline(step("a", "model", "model#/MSE")))
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    first = driver.deliver(run, "a", delivery)
    driver.publish("model", MSE=0.4)
    before = dump(driver.index)
    assert driver.deliver(run, "a", delivery) == first
    assert dump(driver.index) == before


def test_another_delivery_of_a_running_step_is_refused(driver: Driver) -> None:
    """A step runs under one fence at a time."""
    run = driver.submit(ONE)
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    driver.deliver(run, "a", delivery)
    before = dump(driver.index)
    other = replace(delivery, nonce=nonce())
    assert driver.deliver(run, "a", other) == Refused("REFUSED", "step is R")
    assert dump(driver.index) == before


def test_the_delivery_of_a_step_that_was_taken_away_is_refused(driver: Driver) -> None:
    """After the worker's death its delivery cannot come back under the old fence."""
    run = driver.submit(ONE)
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    driver.deliver(run, "a", delivery)
    driver.index.nodes.lost("n1", 1)
    again = driver.deliver(run, "a", replace(delivery, nonce=nonce()))
    assert isinstance(again, Claimed)
    assert driver.deliver(run, "a", delivery) == Refused("REFUSED", "step is R")


@pytest.mark.parametrize("name", ["a", "stranger"])
def test_another_body_than_the_submitted_one_is_quarantined(driver: Driver, name: str) -> None:
    """A forged body and an unknown step are refused, and kept with the reason."""
    run = driver.submit(ONE)
    reply = _forged(driver, run, name, digest("forged"))
    assert isinstance(reply, Refused)
    assert reply.code == "FORGED"
    [entry] = _bad(driver)
    assert entry[b"run"] == run.encode()
    assert entry[b"step"] == name.encode()
    assert entry[b"reason"] == b"the body is not the one that was submitted"
    assert driver.state(run, "a") is StepState.QUEUED


def test_a_step_of_an_unknown_run_is_refused(driver: Driver) -> None:
    """A hint may be older than the record of its run; it is dropped without a trace."""
    before = dump(driver.index)
    assert _forged(driver, "gone", "a", digest("x")) == Refused("REFUSED", "run is unknown")
    assert dump(driver.index) == before


def test_a_claim_needs_a_registered_node(driver: Driver) -> None:
    """A step given to an unknown node could never be given back."""
    run = driver.submit(ONE)
    before = dump(driver.index)
    assert driver.claim(run, "a", node="ghost") == Refused("NODE_UNKNOWN", "ghost")
    assert dump(driver.index) == before


def test_a_pending_step_cannot_be_claimed(driver: Driver) -> None:
    """What it needs has not succeeded yet."""
    run = driver.submit(pipeline(step("a"), step("b", after=["a"])))
    assert driver.claim(run, "b") == Refused("REFUSED", "step is P")


@pytest.mark.parametrize("state", ["S", "F"])
def test_a_finished_step_cannot_be_claimed(driver: Driver, state: str) -> None:
    """A repeated message of a finished step has no effect."""
    run = driver.submit(ONE)
    if state == "S":
        driver.finish(run, "a")
    else:
        driver.fail(run, "a")
    before = dump(driver.index)
    assert driver.claim(run, "a") == Refused("REFUSED", f"step is {state}")
    assert dump(driver.index) == before


def test_a_claim_removes_the_hint(driver: Driver) -> None:
    """A claimed step's hint is not sent again."""
    run = driver.submit(ONE)
    hints = key(driver.index, "hints:raincheck")
    assert ask(driver.index, "ZSCORE", hints, f"{run}/a") is not None
    driver.claimed(run, "a")
    assert ask(driver.index, "ZSCORE", hints, f"{run}/a") is None


def test_a_declined_step_is_offered_again_later(driver: Driver) -> None:
    """A worker without the code gives the step back; its hint is sent again ten seconds later."""
    run = driver.submit(ONE)
    driver.pass_ticks(15)
    assert driver.index.runs.decline(run, "a", "steps:a is unknown") == "LATER"
    driver.pass_ticks(19)
    assert driver.due() == []
    driver.pass_ticks(1)
    assert driver.due() == ["a"]
    reason = driver.step_run(run, "a").reason
    assert reason == "given back by a worker: steps:a is unknown"


def test_a_step_that_thirty_workers_declined_fails(driver: Driver) -> None:
    """Nobody knows its function: it fails with the last reason, and so does the run."""
    run = driver.submit(pipeline(step("a"), step("b", after=["a"])))
    replies = [driver.index.runs.decline(run, "a", "steps:a is unknown") for _ in range(30)]
    assert replies == ["LATER"] * 29 + ["FAILED"]
    assert driver.status(run) is RunStatus.FAILED
    assert driver.state(run, "b") is StepState.SKIPPED
    error = driver.step_run(run, "a").error
    assert error is not None
    assert error.message == "no worker knows its function (steps:a is unknown)"


def test_a_step_that_is_not_queued_cannot_be_declined(driver: Driver) -> None:
    """Giving back is for those who could have claimed it."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    assert driver.index.runs.decline(run, "a", "unknown") == "REFUSED"
    assert driver.index.runs.decline("gone", "a", "unknown") == "REFUSED"
    assert driver.state(run, "a") is StepState.RUNNING
