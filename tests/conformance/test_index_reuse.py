"""A computation that was done is not done again; of several at once one does it."""

from collections.abc import Callable

import pytest

from raincheck.index.entries import ForeignMetadata, NewVersion
from raincheck.index.replies import Holding
from raincheck.index.reuse_scripts import Awaits, Computes, Reused
from raincheck.index.run_scripts import Attempt
from raincheck.lineage.walking import lineage_of
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import ERROR, Driver
from tests.support.dumps import ask, key, key_names

KEY = "b3:k"


def _spec() -> PipelineSpec:
    return pipeline(step("a", "model", outputs=["x"], retries=3), step("b", output_of("a", "x")))


def _reuse(
    driver: Driver, attempt: Attempt, name: str = KEY, seconds: int = 600
) -> Reused | Computes | Awaits:
    return driver.index.reuse.reuse(attempt, name, seconds, BoundReferences())


def _again(driver: Driver, attempt: Attempt) -> Reused | Computes | Awaits | None:
    """Asked again by who has the step no longer; None when it gets nothing."""
    try:
        return _reuse(driver, attempt)
    except StaleFenceError:
        return None


def _asking(driver: Driver, node: str = "n1") -> Attempt:
    """A claimed step of a new run."""
    if driver.index.records.version("model", "1") is None:
        driver.publish("model")
    return driver.attempt(driver.submit(_spec()), "a", node)


def _computed(driver: Driver, *outputs: NewVersion, seconds: int = 600) -> Attempt:
    """A run whose first step computed and published `x`."""
    attempt = _asking(driver)
    assert isinstance(_reuse(driver, attempt, seconds=seconds), Computes)
    driver.index.runs.complete(attempt, outputs or (new_version("x", output="x"),))
    return attempt


def _waiting(driver: Driver, holder: Attempt) -> str:
    """A run whose first step waits for an attempt."""
    attempt = _asking(driver)
    assert _reuse(driver, attempt) == Awaits(f"{holder.run}/a")
    return attempt.run


def _computes(driver: Driver, node: str = "n1") -> Attempt:
    attempt = _asking(driver, node)
    assert isinstance(_reuse(driver, attempt), Computes)
    return attempt


def test_a_hit_takes_the_original_versions_and_publishes_nothing(driver: Driver) -> None:
    """The step succeeds, what needs it is freed, and the record names who computed."""
    original = _computed(driver)
    revision, events = driver.index.records.revision(), len(list(_events(driver)))
    attempt = _asking(driver)
    answer = _reuse(driver, attempt)
    assert isinstance(answer, Reused)
    assert answer.origin == f"{original.run}/a"
    assert answer.completed.outputs == {"x": "x@1"}
    assert [message.run for message in answer.completed.messages] == [attempt.run]
    assert driver.index.records.revision() == revision
    assert len(list(_events(driver))) == events
    found = driver.step_run(attempt.run, "a")
    assert (found.state, found.outputs) == (StepState.SUCCEEDED, {"x": "x@1"})
    assert found.cached_from == f"{original.run}/a"
    assert driver.claimed(attempt.run, "b").values[0].version == "1"


def _events(driver: Driver) -> list[object]:
    return list(ask(driver.index, "XRANGE", key(driver.index, "events"), "-", "+"))


def test_nothing_is_left_of_a_computation_but_its_outputs(driver: Driver) -> None:
    """And of one that failed nothing at all."""
    _computed(driver)
    failed = _asking(driver)
    _reuse(driver, failed, "b3:other")
    driver.index.runs.fail(failed, "error", ERROR)
    left = [name for name in key_names(driver.index) if name.startswith(("cached:", "computing:"))]
    assert left == [f"cached:{KEY}"]


def test_another_key_computes(driver: Driver) -> None:
    """And the entry of the first stays."""
    _computed(driver)
    assert isinstance(_reuse(driver, _asking(driver), "b3:other"), Computes)
    assert isinstance(_reuse(driver, _asking(driver)), Reused)


def test_a_hit_that_is_asked_for_again_gives_the_same(driver: Driver) -> None:
    """The reply was lost: nothing is counted down twice."""
    _computed(driver)
    attempt = _asking(driver)
    first, second = _reuse(driver, attempt), _again(driver, attempt)
    assert isinstance(first, Reused)
    assert isinstance(second, Reused)
    assert (second.origin, second.completed.outputs) == (first.origin, first.completed.outputs)
    assert second.completed.messages == ()
    assert driver.index.records.run(attempt.run).status is not RunStatus.SUCCEEDED
    driver.finish(attempt.run, "b")
    assert driver.status(attempt.run) is RunStatus.SUCCEEDED


def test_a_fence_that_is_not_the_steps_gets_nothing(driver: Driver) -> None:
    """Neither a hit nor the right to compute."""
    _computed(driver)
    attempt = _asking(driver)
    driver.index.runs.fail(attempt, "error", ERROR)
    with pytest.raises(StaleFenceError):
        _reuse(driver, attempt)
    assert driver.state(attempt.run, "a") is StepState.QUEUED
    assert driver.step_run(attempt.run, "a").outputs == {}


def test_who_waits_holds_nothing_and_has_used_no_attempt(driver: Driver) -> None:
    """It keeps its binding, and says for whom it waits."""
    holder = _computes(driver)
    run = _waiting(driver, holder)
    found = driver.step_run(run, "a")
    assert (found.state, found.attempt, found.node) == (StepState.WAITING, 0, None)
    assert found.awaits == f"{holder.run}/a"
    assert [binding.version for binding in found.bindings.values()] == ["1"]
    running = [item.member for item in driver.index.nodes.beat("n1", 20).running]
    assert running == [f"{holder.run}/a"]
    driver.publish("model")  # a later version is none of its business
    driver.index.runs.complete(holder, [new_version("x", output="x")])
    driver.wake()
    assert driver.claimed(run, "a").values[0].version == "1"


def test_asking_again_after_a_wait_gives_the_wait(driver: Driver) -> None:
    """The reply was lost; also after the step was woken and claimed by another."""
    holder, attempt = _computes(driver), _asking(driver)
    assert _reuse(driver, attempt) == _again(driver, attempt)
    driver.index.runs.complete(holder, [new_version("x", output="x")])
    driver.wake()
    assert isinstance(_again(driver, attempt), Awaits)
    second = driver.attempt(attempt.run, "a")
    assert isinstance(_again(driver, attempt), Awaits)
    assert isinstance(_reuse(driver, second), Reused)


def _completes(driver: Driver, holder: Attempt) -> None:
    driver.index.runs.complete(holder, [new_version("x", output="x")])


def _completes_unkept(driver: Driver, holder: Attempt) -> None:
    foreign = [ForeignMetadata(artifact="model", version="1", metadata={holder.run: 1})]
    driver.index.runs.complete(holder, [new_version("x", output="x")], foreign)


def fails(driver: Driver, holder: Attempt) -> None:
    """The attempt that computes fails."""
    driver.index.runs.fail(holder, "error", ERROR)


def _fails_for_good(driver: Driver, holder: Attempt) -> None:
    driver.index.runs.fail(holder, "final", ERROR)


def _fails_by_its_surroundings(driver: Driver, holder: Attempt) -> None:
    driver.index.runs.fail(holder, "environment", ERROR)


def _loses_its_process(driver: Driver, holder: Attempt) -> None:
    driver.index.nodes.lost(holder.node, 11)


def _is_given_back(driver: Driver, holder: Attempt) -> None:
    holding = Holding(f"{holder.run}/a", 11, holder.fence)
    driver.index.nodes.give_back(holder.node, holding, "ending")


def _leaves(driver: Driver, holder: Attempt) -> None:
    driver.index.nodes.leave(holder.node)


def _is_reaped(driver: Driver, holder: Attempt) -> None:
    driver.pass_ticks(30)
    driver.index.nodes.beat("n1", 20)
    driver.index.nodes.reap()
    assert driver.state(holder.run, "a") is StepState.QUEUED


def _is_cancelled(driver: Driver, holder: Attempt) -> None:
    driver.index.runs.cancel(holder.run, "by hand")


ENDS: list[Callable[[Driver, Attempt], None]] = [
    _completes,
    _completes_unkept,
    fails,
    _fails_for_good,
    _fails_by_its_surroundings,
    _loses_its_process,
    _is_given_back,
    _leaves,
    _is_reaped,
    _is_cancelled,
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__.strip("_"))
def test_however_a_computation_ends_those_who_wait_look_again(
    driver: Driver, end: Callable[[Driver, Attempt], None]
) -> None:
    """All take what was made, or one computes and the other waits for it."""
    driver.register("n2")
    holder = _computes(driver, "n2")
    runs = {_waiting(driver, holder), _waiting(driver, holder)}
    end(driver, holder)
    driver.wake()
    assert {driver.state(run, "a") for run in runs} == {StepState.QUEUED}
    answers = [_reuse(driver, driver.attempt(run, "a")) for run in sorted(runs)]
    kinds = [type(answer) for answer in answers]
    assert kinds == ([Reused, Reused] if end is _completes else [Computes, Awaits])


def test_a_computation_ends_for_those_who_wait_when_its_time_is_over(driver: Driver) -> None:
    """The timeout of the attempt that computes."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model", outputs=["x"], timeout=0.001)))
    holder = driver.attempt(run, "a")
    assert isinstance(_reuse(driver, holder), Computes)
    waiter = _waiting(driver, holder)
    while driver.state(run, "a") is StepState.RUNNING:
        driver.due()
    driver.wake()
    assert driver.state(waiter, "a") is StepState.QUEUED


def test_who_waits_looks_by_itself_too(driver: Driver) -> None:
    """A mark may be lost, as in a rollback: the timer finds that nobody computes."""
    holder = _computes(driver)
    run = _waiting(driver, holder)
    _pass_the_wait(driver, run)
    driver.due()
    assert driver.state(run, "a") is StepState.WAITING  # it is computed still
    ask(driver.index, "DEL", key(driver.index, f"computing:{KEY}"))
    _pass_the_wait(driver, run)
    assert driver.due() == ["a"]
    assert isinstance(_reuse(driver, driver.attempt(run, "a")), Computes)


def _pass_the_wait(driver: Driver, run: str) -> None:
    timers = key(driver.index, "timers")
    assert ask(driver.index, "ZADD", timers, "XX", "CH", 1, f"w|{run}/a") == 1


def test_one_who_has_lost_its_step_is_not_waited_for(driver: Driver) -> None:
    """As it stands after a rollback, which may forget how an attempt ended."""
    holder = _computes(driver)
    stands = ask(driver.index, "GET", key(driver.index, f"computing:{KEY}"))
    driver.index.runs.fail(holder, "error", ERROR)
    ask(driver.index, "SET", key(driver.index, f"computing:{KEY}"), stands, "EX", 60)
    assert isinstance(_reuse(driver, _asking(driver)), Computes)


def test_only_who_stands_for_a_computation_keeps_its_outputs(driver: Driver) -> None:
    """Another took over: its outputs are the ones that are kept."""
    holder = _computes(driver)
    other = "someone/else\x1f1:f"
    ask(driver.index, "SET", key(driver.index, f"computing:{KEY}"), other, "EX", 60)
    _completes(driver, holder)
    assert ask(driver.index, "GET", key(driver.index, f"computing:{KEY}")) == other.encode()
    assert f"cached:{KEY}" not in key_names(driver.index)


def test_what_logs_metadata_for_others_is_not_kept(driver: Driver) -> None:
    """A hit would not repeat it."""
    _completes_unkept(driver, _computes(driver))
    assert isinstance(_reuse(driver, _asking(driver)), Computes)


def test_outputs_whose_version_is_gone_or_another_are_computed_anew(driver: Driver) -> None:
    """By the sequence: a name may have been given again."""
    _computed(driver)
    version = key(driver.index, "ver:x:1")
    ask(driver.index, "HSET", version, "seq", "7")
    again = _computes(driver)
    driver.index.runs.complete(again, [new_version("x", output="x")])
    assert isinstance(_reuse(driver, _asking(driver)), Reused)
    ask(driver.index, "DEL", key(driver.index, "ver:x:2"))
    assert isinstance(_reuse(driver, _asking(driver)), Computes)


def test_outputs_are_kept_until_they_were_not_used_for_a_time(driver: Driver) -> None:
    """A hit gives them the life time that its step names."""
    _computed(driver, seconds=100)
    kept = key(driver.index, f"cached:{KEY}")
    assert 90 <= ask(driver.index, "TTL", kept) <= 100
    assert isinstance(_reuse(driver, _asking(driver), seconds=50_000), Reused)
    assert ask(driver.index, "TTL", kept) > 49_000
    ask(driver.index, "PEXPIRE", kept, 1)
    while ask(driver.index, "EXISTS", kept):
        pass
    assert isinstance(_reuse(driver, _asking(driver)), Computes)


def test_a_step_without_outputs_is_done_once(driver: Driver) -> None:
    """A hit says that it was done."""
    driver.publish("model")
    spec = pipeline(step("a", "model"))
    attempts = [driver.attempt(driver.submit(spec), "a") for _ in range(2)]
    assert isinstance(_reuse(driver, attempts[0]), Computes)
    driver.index.runs.complete(attempts[0], ())
    answer = _reuse(driver, attempts[1])
    assert isinstance(answer, Reused)
    assert answer.completed.outputs == {}
    assert driver.status(attempts[1].run) is RunStatus.SUCCEEDED


def test_who_waits_can_be_cancelled_and_retried(driver: Driver) -> None:
    """Nothing of its wait is left then."""
    holder = _computes(driver)
    run = _waiting(driver, holder)
    driver.index.runs.cancel(run, "by hand")
    assert not [name for name in key_names(driver.index) if name.startswith("wait:c:")]
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert driver.step_run(run, "a").awaits is None
    assert _reuse(driver, driver.attempt(run, "a")) == Awaits(f"{holder.run}/a")
    driver.wake()
    assert driver.state(run, "a") is StepState.WAITING


def test_a_retried_step_waits_for_what_it_misses_only(driver: Driver) -> None:
    """With new bindings: what it waited for before is forgotten."""
    holder = _computes(driver)
    run = _waiting(driver, holder)
    driver.index.runs.cancel(run, "by hand")
    ask(driver.index, "DEL", key(driver.index, "vers:model"))
    driver.index.runs.retry(run, earlier=0, rebind=True, inline_wait_ms=60_000)
    driver.parked(run, "a")
    assert driver.step_run(run, "a").awaits is None


def test_an_attempt_that_waited_counts_no_try(driver: Driver) -> None:
    """Its first real attempt is the first; one that failed before stays counted."""
    holder = _computes(driver)
    run = _waiting(driver, holder)
    fails(driver, holder)
    driver.wake()
    attempt = driver.attempt(run, "a")
    assert attempt.fence.startswith("1:")
    assert isinstance(_reuse(driver, attempt), Computes)
    driver.index.runs.fail(attempt, "error", ERROR)
    other = _computes(driver)
    assert isinstance(_reuse(driver, driver.attempt(run, "a")), Awaits)
    assert driver.step_run(run, "a").attempt == 1
    _completes(driver, other)
    driver.wake()
    assert isinstance(_reuse(driver, driver.attempt(run, "a")), Reused)


def test_lineage_names_the_original_producer_of_what_was_taken(driver: Driver) -> None:
    """The step run that took it stands among those that used the version, as such."""
    original = _computed(driver)
    attempt = _asking(driver)
    _reuse(driver, attempt)
    found = lineage_of(driver.index, "model@1", direction="down", depth=None, limit=100)
    (taker,) = [one for one in found.steps if one.run == attempt.run and one.step == "a"]
    assert taker.cached_from == f"{original.run}/a"
    edges = [(edge.kind, edge.version) for edge in found.edges if edge.step == taker.key]
    assert edges == [("bound", "model@1"), ("reused", "x@1")]
    from_output = lineage_of(driver.index, "x@1", direction="down", depth=None, limit=100)
    assert [(edge.kind, edge.step, edge.output) for edge in from_output.edges] == [
        ("reused", taker.key, "x")
    ]
