"""As test_index_mutants.py, for what nodes and restored servers must not break."""

import pytest

from raincheck_contracts.runs import StepState
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant

ONE = pipeline(step("a", outputs=["x"]))


def an_attempt_is_not_given_back_for_an_earlier_one(driver: Driver) -> None:
    """A process that has let go of one attempt may hold the next."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    (held,) = driver.index.nodes.beat("n1", 100).running
    driver.index.nodes.give_back("n1", held, "lost")
    driver.claimed(run, "a")
    driver.index.nodes.give_back("n1", held, "lost")
    assert driver.state(run, "a") is StepState.RUNNING


def a_step_outlives_many_deployments(driver: Driver) -> None:
    """Its workers end in good order; that is no fault of the step."""
    run = driver.submit(ONE)
    for _ in range(4):
        driver.claimed(run, "a")
        driver.index.nodes.leave("n1")
        driver.register("n1", 100)
    assert driver.state(run, "a") is StepState.QUEUED


def _silence(driver: Driver, run: str) -> None:
    """The worker that runs the step falls silent, and another one comes."""
    driver.claimed(run, "a")
    driver.pass_ticks(30)
    driver.index.nodes.reap()
    driver.register("n1")


def a_step_outlives_many_machines(driver: Driver) -> None:
    """Those that are reclaimed, say; and two deaths of its own processes."""
    run = driver.submit(ONE)
    for pid in (11, 12):
        driver.claimed(run, "a", pid=pid)
        driver.index.nodes.lost("n1", pid, "signal 9")
    for _ in range(9):
        _silence(driver, run)
    assert driver.state(run, "a") is StepState.QUEUED


def a_step_that_silences_its_workers_is_given_up(driver: Driver) -> None:
    """It may take all memory of a machine. The report has every attempt, until it is retried."""
    run = driver.submit(ONE)
    for _ in range(10):
        _silence(driver, run)
    record = driver.step_run(run, "a")
    assert record.state is StepState.FAILED
    assert len(record.losses) == record.lost == 10
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    for _ in range(9):
        _silence(driver, run)
    record = driver.step_run(run, "a")
    assert record.state is StepState.QUEUED
    assert [loss.attempt for loss in record.losses] == list(range(11, 20))


def a_revision_never_comes_again(driver: Driver) -> None:
    """After a rollback the index goes on above all that anybody has seen."""
    for _ in range(3):
        driver.publish("model")
    before = driver.index.records.revision()
    index = f"{driver.index.connection.prefix}index"
    driver.index.connection.ask([("HINCRBY", index, "revision", -2)])
    driver.index.nodes.beat("n1", 100)
    assert driver.index.records.revision() > before


MUTANTS = [
    Mutant(
        "any attempt given back",
        "held[1] ~= args[3]",
        "not held[1]",
        an_attempt_is_not_given_back_for_an_earlier_one,
    ),
    Mutant(
        "silence counts as the end of a process",
        'redis.call("HINCRBY", key, "silent", silent and 1 or 0)',
        "0",
        a_step_outlives_many_machines,
    ),
    Mutant(
        "silence counts for nothing",
        " or silences >= SILENT_LIMIT",
        "",
        a_step_that_silences_its_workers_is_given_up,
    ),
    Mutant(
        "the end of a worker counts as lost",
        "remove(call, args[1], out, Ends.give_back)",
        "remove(call, args[1], out, Ends.lost)",
        a_step_outlives_many_deployments,
    ),
    Mutant(
        "reopening off",
        "call:current_revision() < seen then",
        "false then",
        a_revision_never_comes_again,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_promise_breaks_with_its_defence(mutant: Mutant) -> None:
    """The scenario passes on the library and fails on the mutant."""
    check_mutant(mutant)
