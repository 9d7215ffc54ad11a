"""One message runs as many steps as fit; each is recorded all the same."""

import pytest

from raincheck import RunHandle
from raincheck_contracts.runs import StepState
from tests.functional import pipelines
from tests.support.workers import Fleet, step_field, step_run

pytestmark = pytest.mark.functional


def _received(fleet: Fleet, handle: RunHandle) -> int:
    """Messages of a run that the first worker took, by its log."""
    found = f"[{handle.id}."
    return sum(
        found in line and line.endswith("received") for line in fleet.workers[0].log.split("\n")
    )


def test_a_chain_of_ten_steps_costs_one_message(crew: Fleet) -> None:
    """Each step has a record and a name for monitors of its own."""
    handle = pipelines.chain_of_ten.delay(5.0)
    assert handle.get(timeout=20) == 15.0
    steps = handle.run().steps
    assert len(steps) == 10
    assert {step.state for step in steps} == {StepState.SUCCEEDED}
    assert [step.attempt for step in steps] == [1] * 10
    assert len({tuple(step.outputs.values()) for step in steps}) == 10
    assert len({step_field(handle, step.step, "task") for step in steps}) == 10
    assert _received(crew, handle) == 1


def test_a_fan_out_runs_all_its_branches(crew: Fleet) -> None:
    """The task goes on with one of the steps it freed and sends messages for the others."""
    handle = pipelines.fan_out.delay(1.0)
    assert handle.get(timeout=20) == 30.0
    steps = handle.run().steps
    assert len(steps) == 12
    assert {step.state for step in steps} == {StepState.SUCCEEDED}
    assert 2 <= _received(crew, handle) <= 6


def test_a_step_with_a_queue_of_its_own_goes_to_that_queues_worker(fleet: Fleet) -> None:
    """The first step's worker does not take it, though it knows the code."""
    first = fleet.launch("-Q", "raincheck", concurrency=1)
    other = fleet.start("-Q", "elsewhere", concurrency=1)
    handle = pipelines.two_queues.delay(1.0)
    assert handle.get(timeout=20) == f"{other.pid} 2.0"
    assert step_run(handle, "add_one").node == fleet.node_of(first)
    assert step_run(handle, "on_other_queue").node == fleet.node_of(other)
