"""A worker that lacks a step's code, as in a rolling deployment."""

import pytest

from raincheck import RunHandle, RunStatus
from tests.functional import pipelines
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, Fleet, step_field, step_run

pytestmark = pytest.mark.functional


def _declines(handle: RunHandle) -> int:
    return int(step_field(handle, "double", "declines") or 0)


def test_a_worker_without_the_code_gives_the_step_back_to_one_with_it(fleet: Fleet) -> None:
    """The run does not fail, says why it waits, and another worker finishes it."""
    fleet.start(imports=(), concurrency=1)
    handle = pipelines.double_given.delay(4.0)
    reason = f"given back by a worker: no step {PIPELINES}:double in the modules"
    wait_until(lambda: reason in handle.why(), 10)
    assert handle.status() is RunStatus.QUEUED
    able = fleet.start(concurrency=1)
    while not handle.status().final:
        given_back = _declines(handle)
        assert given_back < 20, "one of the workers would have had its turn"
        fleet.pass_ticks()
        wait_until(lambda: handle.status().final or _declines(handle) > given_back, 10)  # noqa: B023 - called at once
    assert handle.get() == 8.0
    assert step_run(handle, "double").node == fleet.node_of(able)
