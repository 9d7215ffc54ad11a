import re
from collections import Counter
from typing import Any

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.backfill_scripts import BackfillOptions, Since
from raincheck.index.entries import ForeignMetadata
from raincheck.index.library import library_source
from raincheck.index.replies import Refused
from raincheck.index.reuse_scripts import Awaits, Computes, Reused
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, nonce, output_of, pipeline, step
from tests.support.driver import ERROR, Driver, names
from tests.support.dumps import dump
from tests.support.repeating import losing_replies
from tests.support.subscribing import NEWEST, deployable, started

#: A repeat counts once more, or is written down once more, and has no effect beyond that.
COUNTED = {"decline"}


class _Comparing:
    """Compares the index after the first and after the second time of each call."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._first: dict[str, Any] | None = None
        self.calls: Counter[str] = Counter()

    def __call__(self, function: str) -> None:
        found = dump(self._index)
        if self._first is None:
            self._first = found
            return
        if function not in COUNTED:
            assert found == self._first, function
        self._first = None
        self.calls[function] += 1


@pytest.fixture
def comparing(index: Index) -> _Comparing:
    """Watches every call of the test."""
    return _Comparing(index)


@pytest.fixture
def driver(index: Index, comparing: _Comparing) -> Driver:
    """Users and workers who lose every first reply."""
    return Driver(losing_replies(index, comparing))


def _succeed(driver: Driver) -> None:
    spec = pipeline(
        step("a", "model", "model?min=MSE#/MSE", outputs=["x"], retries=1),
        step("b", output_of("a", "x"), timeout=60),
    )
    run = driver.submit(spec, idempotency_key="k")
    assert driver.submit(spec, idempotency_key="k") == run
    driver.claim(run, "a")
    assert driver.state(run, "a") is StepState.WAITING
    driver.publish("model", MSE=0.5)
    driver.wake()
    assert driver.fail(run, "a") == ("retry", None)
    foreign = [ForeignMetadata(artifact="model", version="1", metadata={"n": 1})]
    attempt = driver.attempt(run, "a")
    done = driver.index.runs.complete(attempt, [new_version("x", output="x")], foreign)
    assert done.outputs == {"x": "x@1"}
    driver.claimed(run, "b", pid=12)
    assert driver.index.nodes.lost("n1", 12) == ()
    driver.finish(run, "b")
    assert driver.status(run) is RunStatus.SUCCEEDED


def _annotate(driver: Driver) -> None:
    versions = driver.index.versions
    assert versions.publish(nonce(), new_version("model", tags=("t",))).version == "2"
    versions.log_metadata("model", None, {"a": 1})
    versions.tag("model", None, "u")
    versions.set_alias(nonce(), "model", "prod", None)
    driver.index.bad_messages.put(nonce(), "no JSON", queue="raincheck", excerpt="x")
    versions.set_alias(nonce(), "model", "prod", "1", expected="2")
    assert driver.index.records.aliases("model") == {"prod": "1"}
    aliases = driver.index.aliases
    aliases.protect("model", "prod", ["p"])
    aliases.protect("model", "prod", [])
    assert aliases.promote(nonce(), "model", "2", "prod", mover=Mover()).promotion.moved
    assert aliases.rollback(nonce(), "model", "prod", mover=Mover()).promotion.version == "1"
    assert aliases.rollback(nonce(), "model", "prod", mover=Mover()).promotion.version == "2"
    assert [move.to for move in aliases.history("model", "prod", 9)] == list("21212")
    deletion = driver.index.deletions.delete(nonce(), "model", "2", force=True, mover=Mover())
    assert deletion.deletion.aliases == ("prod",)
    versions.set_alias(nonce(), "model", "last", "1")
    assert aliases.remove(nonce(), "model", "last", mover=Mover()).version == "1"
    versions.publish(nonce(), new_version("model/churn"))
    driver.index.models.link("churn", "1", "model", "1")
    driver.index.models.unlink("churn", "1", "model", "1")


def _lose_nodes(driver: Driver) -> None:
    spec = pipeline(step("a"), step("b"), step("c"))
    run = driver.submit(spec)
    for node, name in (("silent", "a"), ("leaving", "b")):
        driver.register(node, lease=0)
        driver.claimed(run, name, node=node)
    driver.index.nodes.leave("leaving")
    seen = driver.index.nodes.tick(-1)
    assert driver.index.nodes.tick(seen) == seen + 1
    driver.index.nodes.beat("n1", 20)
    driver.index.nodes.reap()
    assert [driver.step_run(run, name).lost for name in "abc"] == [1, 0, 0]
    driver.claimed(run, "a")
    (held,) = driver.index.nodes.beat("n1", 100).running
    driver.index.nodes.give_back("n1", held, "ending")
    driver.pass_ticks(50)
    driver.due()
    assert driver.index.runs.decline(run, "c", "unknown") == "LATER"
    attempt = driver.attempt(run, "c")
    assert driver.index.runs.cancel(run, "no longer wanted") == "C"
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempt, "error", ERROR)


def _roll_back(driver: Driver) -> None:
    key = f"{driver.index.connection.prefix}index"
    before = driver.index.records.revision()
    driver.index.connection.ask([("HINCRBY", key, "revision", -5)])
    driver.index.nodes.beat("n1", 100)
    assert driver.index.records.revision() > before


def _fall_back(driver: Driver) -> None:
    driver.index.overlay.change("production")
    driver.index.overlay.change(None)
    assert driver.index.overlay.fallback() is None


def _subscribe(driver: Driver) -> None:
    made = deployable(group=NEWEST, limit=1)
    scripts = driver.index.subscriptions
    assert scripts.define(made, expected=0) == ("SAME", 1)  # the answer to the repeat
    driver.publish("model")
    driver.publish("model")
    driver.wake()
    scripts.pause("sub", "for now")
    driver.publish("model")
    scripts.resume("sub")
    driver.wake()
    (run,) = started(driver.index)
    driver.index.runs.cancel(f"sub+{run}", "no longer wanted")
    driver.wake()
    assert scripts.read("sub").counts.started == 2
    assert scripts.read("sub").live == 1
    backfills = driver.index.backfills
    assert backfills.start("sub", 1, Since("rev", 0), BackfillOptions(again=True)).number == 1
    driver.wake()
    assert scripts.read("sub").counts.started == 3
    scripts.delete("sub")


def _retry(driver: Driver) -> None:
    run = driver.submit(pipeline(step("a")))
    driver.fail(run, "a")
    count, messages = driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert (count, names(messages)) == (1, ["a"])
    driver.finish(run, "a")


def _reuse(driver: Driver) -> None:
    spec, bound = pipeline(step("a", outputs=["z"])), BoundReferences()
    computes, waits = (driver.attempt(driver.submit(spec), "a") for _ in range(2))
    reuse = driver.index.reuse.reuse
    assert reuse(computes, "b3:k", 60, bound) == Computes()
    assert reuse(waits, "b3:k", 60, bound) == Awaits(f"{computes.run}/a")
    driver.index.runs.complete(computes, [new_version("z", output="z")])
    driver.wake()
    assert isinstance(reuse(driver.attempt(waits.run, "a"), "b3:k", 60, bound), Reused)
    assert driver.status(waits.run) is RunStatus.SUCCEEDED


def test_no_call_has_a_second_effect(driver: Driver, comparing: _Comparing) -> None:
    """Every function of the library, called again with the same arguments, changes nothing."""
    _succeed(driver)
    _retry(driver)
    _annotate(driver)
    _lose_nodes(driver)
    _subscribe(driver)
    _reuse(driver)
    _fall_back(driver)
    _roll_back(driver)
    driver.index.runs.trim()
    functions = set(re.findall(r'"rc1_(\w+)"', library_source())) - {
        "resolve",
        "preview",
        "figures",
        "list",
        "versions",
        "release",
    }
    assert set(comparing.calls) == functions


def test_a_run_whose_every_reply_is_lost_ends_once(driver: Driver) -> None:
    """One publication for each completion, whatever the client was told."""
    steps = [step("s0", outputs=["x"])]
    steps += [step(f"s{i}", output_of(f"s{i - 1}", "x"), outputs=["x"]) for i in range(1, 6)]
    run = driver.submit(pipeline(*steps))
    for item in steps:
        driver.finish(run, item.name, new_version("x", output="x"))
    assert driver.index.records.version_count("x") == 6
    assert len(driver.index.events.read()) == 7


def test_a_claim_whose_reply_is_lost_burns_no_attempt(driver: Driver) -> None:
    """The attempt that the client learns of is the first."""
    run = driver.submit(pipeline(step("a")))
    assert driver.claimed(run, "a").attempt == 1


def test_a_claim_that_parked_may_be_told_that_the_step_waits(driver: Driver) -> None:
    """Not the same words, but the same thing to do: nothing."""
    run = driver.submit(pipeline(step("a", "model")))
    assert driver.claim(run, "a") == Refused("REFUSED", "step is W")
    assert driver.state(run, "a") is StepState.WAITING


def test_annotating_the_newest_version_keeps_to_it(index: Index) -> None:
    """A version published between a lost reply and the repeat is not annotated too."""
    plain = Driver(index)
    plain.publish("model")

    def publish(function: str) -> None:
        if function in {"log_metadata", "tag"}:
            plain.publish("model")

    versions = losing_replies(index, publish).versions
    assert versions.log_metadata("model", None, {"a": 1}).version == "1"
    assert versions.tag("model", None, "t").version == "3"
    annotated = {v.version: (v.metadata, v.tags) for v in index.records.versions("model")}
    assert annotated == {
        "1": ({"a": 1}, ()),
        "2": ({}, ()),
        "3": ({}, ("t",)),
        "4": ({}, ()),
        "5": ({}, ()),
    }
