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
