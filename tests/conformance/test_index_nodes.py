from typing import Literal

import pytest

from raincheck.index.replies import Beat, Holding
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, pipeline, step
from tests.support.driver import ERROR, Driver, names
from tests.support.dumps import ask, dump, key
from tests.support.waiting import wait_until

ONE = pipeline(step("a", outputs=["x"]))


def _tick(driver: Driver, count: int) -> None:
    """As the workers do: each raises the tick that it has seen."""
    seen = driver.index.nodes.tick(-1)
    for _ in range(count):
        seen = driver.index.nodes.tick(seen)


def _beat(driver: Driver, node: str = "n1", lease: int = 20) -> Beat:
    return driver.index.nodes.beat(node, lease)


def test_the_tick_moves_once_for_all_who_saw_it_stand_still(driver: Driver) -> None:
    """Two workers that saw the same tick raise it by one together."""
    seen = driver.index.nodes.tick(-1)
    assert driver.index.nodes.tick(seen) == seen + 1
    assert driver.index.nodes.tick(seen) == seen + 1


def test_a_beat_tells_what_the_node_runs(driver: Driver) -> None:
    """Each step with the process that runs it, until it ends."""
    run = driver.submit(pipeline(step("a"), step("b")))
    attempt = driver.attempt(run, "a", pid=11)
    driver.claimed(run, "b", pid=12)
    reply = _beat(driver)
    assert reply.known
    held = {(item.member, item.pid) for item in reply.running}
    assert held == {(f"{run}/a", 11), (f"{run}/b", 12)}
    assert Holding(f"{run}/a", 11, attempt.fence) in reply.running
    driver.index.runs.complete(attempt, [])
    assert [item.member for item in _beat(driver).running] == [f"{run}/b"]


def test_a_node_that_was_never_registered_is_unknown(driver: Driver) -> None:
    """Its beat registers nothing."""
    assert _beat(driver, "ghost").known is False
    assert driver.index.records.nodes() == ["n1"]


def test_a_dead_process_gives_its_steps_back(driver: Driver) -> None:
    """Only its own; they are ready at once, and the death is counted."""
    run = driver.submit(pipeline(step("a"), step("b")))
    driver.claimed(run, "a", pid=11)
    driver.claimed(run, "b", pid=12)
    messages = driver.index.nodes.lost("n1", 11)
    assert names(messages) == ["a"]
    record = driver.step_run(run, "a")
    assert (record.state, record.lost) == (StepState.QUEUED, 1)
    assert driver.state(run, "b") is StepState.RUNNING


def test_a_death_is_counted_once(driver: Driver) -> None:
    """A repeated report finds nothing that the process still runs."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    driver.index.nodes.lost("n1", 11)
    before = dump(driver.index)
    assert driver.index.nodes.lost("n1", 11) == ()
    assert dump(driver.index) == before
    assert driver.step_run(run, "a").lost == 1


def test_a_step_that_kills_its_worker_thrice_fails(driver: Driver) -> None:
    """Its retries are for errors, not for dead workers."""
    run = driver.submit(pipeline(step("a", retries=9), step("b", after=["a"])))
    for _ in range(3):
        assert driver.state(run, "a") is StepState.QUEUED
        driver.claimed(run, "a")
        driver.index.nodes.lost("n1", 11)
    record = driver.step_run(run, "a")
    assert (record.state, record.attempt, record.lost) == (StepState.FAILED, 3, 3)
    assert record.error is not None
    assert record.error.type == "raincheck.WorkerLost"
    assert driver.status(run) is RunStatus.FAILED


def test_only_a_node_silent_for_its_lease_is_reaped(driver: Driver) -> None:
    """Each node has its own lease; who beats stays."""
    driver.register("short", lease=3)
    driver.register("long", lease=30)
    run = driver.submit(pipeline(step("a"), step("b")))
    driver.claimed(run, "a", node="short")
    driver.claimed(run, "b", node="long")
    _tick(driver, 3)
    assert driver.index.nodes.reap() == ()
    _tick(driver, 1)
    _beat(driver, "n1")
    assert names(driver.index.nodes.reap()) == ["a"]
    assert sorted(driver.index.records.nodes()) == ["long", "n1"]
    assert driver.state(run, "b") is StepState.RUNNING
    assert driver.step_run(run, "a").lost == 1


def test_a_node_that_beats_is_never_reaped(driver: Driver) -> None:
    """However many ticks pass."""
    driver.register("short", lease=2)
    for _ in range(10):
        _tick(driver, 2)
        _beat(driver, "short", 2)
        driver.index.nodes.reap()
    assert "short" in driver.index.records.nodes()


def test_a_reaped_node_can_write_nothing(driver: Driver) -> None:
    """Its beat is unknown, its completion and its failure are stale."""
    driver.register("dead", lease=1)
    run = driver.submit(ONE)
    attempt = driver.attempt(run, "a", node="dead")
    _tick(driver, 2)
    driver.index.nodes.reap()
    before = dump(driver.index)
    assert _beat(driver, "dead").known is False
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [new_version("x", output="x")])
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempt, "error", ERROR)
    assert driver.claim(run, "a", node="dead") is not None
    assert dump(driver.index) == before
    assert driver.claimed(run, "a").attempt == 2


def test_reaping_again_changes_nothing(driver: Driver) -> None:
    """Any number of workers may reap."""
    driver.register("dead", lease=1)
    run = driver.submit(ONE)
    driver.claimed(run, "a", node="dead")
    _tick(driver, 2)
    driver.index.nodes.reap()
    before = dump(driver.index)
    assert driver.index.nodes.reap() == ()
    assert dump(driver.index) == before


def test_a_node_that_leaves_gives_its_steps_back(driver: Driver) -> None:
    """At once, without waiting for its lease."""
    driver.register("n2")
    run = driver.submit(ONE)
    driver.claimed(run, "a", node="n2")
    assert names(driver.index.nodes.leave("n2")) == ["a"]
    assert driver.index.records.nodes() == ["n1"]
    assert driver.index.nodes.leave("n2") == ()


def test_a_cancelled_running_step_is_on_the_kill_list(driver: Driver) -> None:
    """Its process is named with each beat until it is reported dead."""
    run = driver.submit(ONE)
    driver.claimed(run, "a", pid=11)
    driver.index.runs.cancel(run, "no longer wanted")
    for _ in range(2):
        reply = _beat(driver)
        assert (reply.running, reply.kill) == ((), ((f"{run}/a", 11),))
    assert driver.index.nodes.lost("n1", 11) == ()
    assert _beat(driver).kill == ()
    assert driver.state(run, "a") is StepState.CANCELLED


def test_a_killed_attempt_that_ends_by_itself_is_spared(driver: Driver) -> None:
    """Its late write is refused, and its process, which may run another step, lives on."""
    runs = [driver.submit(ONE) for _ in range(2)]
    attempts = [driver.attempt(run, "a") for run in runs]
    for run in runs:
        driver.index.runs.cancel(run, "no longer wanted")
    assert len(_beat(driver).kill) == 2
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempts[0], [])
    assert _beat(driver).kill == ((f"{runs[1]}/a", 11),)
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempts[1], "error", ERROR)
    assert _beat(driver).kill == ()


def test_a_step_that_overruns_its_timeout_is_killed_and_tried_again(driver: Driver) -> None:
    """It uses up a retry; the late attempt can write nothing."""
    run = driver.submit(pipeline(step("a", timeout=0.05, retries=1)))
    attempt = driver.attempt(run, "a", pid=11)
    wait_until(lambda: driver.due() == ["a"])
    assert _beat(driver).kill == ((f"{run}/a", 11),)
    assert driver.state(run, "a") is StepState.QUEUED
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [])
    driver.claimed(run, "a", pid=12)
    wait_until(lambda: driver.due() or driver.status(run).final)
    record = driver.step_run(run, "a")
    assert record.state is StepState.FAILED
    assert record.error is not None
    assert record.error.type == "builtins.TimeoutError"


def test_the_timeout_of_an_attempt_ends_with_it(driver: Driver) -> None:
    """A step that completed, and the next attempt, are not timed out by an old timer."""
    run = driver.submit(pipeline(step("a", timeout=60), step("b", timeout=60)))
    driver.finish(run, "a")
    driver.claimed(run, "b")
    driver.index.nodes.lost("n1", 11)
    assert ask(driver.index, "ZCARD", key(driver.index, "timers")) == 0


def test_an_inline_run_ends_with_its_node(driver: Driver) -> None:
    """Nobody else will take its steps: it is cancelled, with the reason."""
    driver.register("here", lease=1)
    run = driver.submit(pipeline(step("a"), step("b", after=["a"])), inline_node="here")
    driver.claimed(run, "a", node="here")
    _tick(driver, 2)
    assert driver.index.nodes.reap() == ()
    record = driver.index.records.run(run)
    assert (record.status, record.reason) == (
        RunStatus.CANCELLED,
        "the process that ran it died",
    )


def test_an_inline_run_that_has_ended_survives_its_node(driver: Driver) -> None:
    """A terminal run never changes."""
    driver.register("here", lease=1)
    run = driver.submit(ONE, inline_node="here")
    driver.index.runs.complete(driver.attempt(run, "a", node="here"), [])
    before = driver.index.records.run(run)
    _tick(driver, 2)
    driver.index.nodes.reap()
    assert driver.index.records.run(run) == before


def test_an_inline_run_sends_no_hints(driver: Driver) -> None:
    """Its process takes its steps itself: no message, no row in the outbox, also when woken."""
    driver.register("here")
    spec = pipeline(step("a", "x", retries=1), step("b", after=["a"]))
    run = driver.submit(spec, inline_node="here")
    driver.parked(run, "a")
    driver.publish("x")
    assert driver.wake() == []
    assert driver.fail(run, "a") == ("retry", None)
    assert driver.finish(run, "a").messages == ()
    assert driver.index.records.queues() == []
    driver.pass_ticks(5_000)
    assert driver.due() == []
    driver.claimed(run, "b")


@pytest.mark.parametrize(("why", "lost"), [("lost", 1), ("ending", 0)])
def test_an_attempt_is_given_back_by_its_fence(
    driver: Driver, why: Literal["lost", "ending"], lost: int
) -> None:
    """Only that one; the end of a worker does not count towards the three."""
    run = driver.submit(pipeline(step("a")))
    first = driver.attempt(run, "a", pid=11)
    (held,) = _beat(driver).running
    assert [item.run for item in driver.index.nodes.give_back("n1", held, why)] == [run]
    assert driver.index.nodes.give_back("n1", held, why) == ()
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(first, [])
    driver.claimed(run, "a", pid=11)
    assert driver.index.nodes.give_back("n1", held, why) == (), "the next attempt is another's"
    assert driver.state(run, "a") is StepState.RUNNING
    assert driver.index.records.run(run).steps[0].lost == lost


def test_a_step_whose_workers_end_in_good_order_is_never_given_up(driver: Driver) -> None:
    """Unlike one whose workers die: a long step may see many deployments."""
    run = driver.submit(pipeline(step("a")))
    for _ in range(5):
        driver.claimed(run, "a")
        assert driver.index.nodes.leave("n1")
        driver.register("n1", 100)
    assert driver.state(run, "a") is StepState.QUEUED
