"""Looking at a run until it has ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_contracts.runs import RunStatus, StepState
from raincheck_workers.cli.looks import Look, looks
from tests.support.builders import pipeline, step
from tests.support.command_line import CommandLine, command_line
from tests.support.servers import server_away

PAIR = pipeline(step("a"), step("b", after=["a"]))


@pytest.fixture
def raincheck(tmp_path: Path) -> Iterator[CommandLine]:
    """An empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _states(look: Look) -> list[StepState]:
    return [step.state for step in look.run.steps]


def test_each_look_sees_what_has_changed(raincheck: CommandLine) -> None:
    """Until the end, with steps that had ended kept as they were."""
    run = raincheck.driver.submit(PAIR)
    seen = looks(RunHandle(run, raincheck.deployment), None)
    assert _states(next(seen)) == [StepState.QUEUED, StepState.PENDING]
    raincheck.driver.finish(run, "a")
    assert _states(next(seen)) == [StepState.SUCCEEDED, StepState.QUEUED]
    raincheck.driver.finish(run, "b")
    last = next(seen)
    assert last.run == raincheck.deployment.index.records.run(run)
    assert last.run.status is RunStatus.SUCCEEDED
    assert list(seen) == []


def test_the_time_runs_out(raincheck: CommandLine) -> None:
    """The error says in what state the run is and that it goes on."""
    run = raincheck.driver.submit(PAIR)
    with pytest.raises(TimeoutError, match=r"is queued after 0\.05 s; it goes on"):
        list(looks(RunHandle(run, raincheck.deployment), 0.05))


def test_an_index_that_is_away_for_a_moment_is_asked_again(
    raincheck: CommandLine,
) -> None:
    """The look says so and keeps what was seen last; the next one goes on."""
    run = raincheck.driver.submit(PAIR)
    seen = looks(RunHandle(run, raincheck.deployment), None)
    first = next(seen)
    with server_away():
        away = next(seen)
    assert away.run == first.run
    assert "redis://fake" in (away.problem or "")
    assert next(seen) == first


def test_an_index_that_never_answered_is_an_error(
    raincheck: CommandLine,
) -> None:
    """There is nothing to show."""
    run = raincheck.driver.submit(PAIR)
    with server_away(), pytest.raises(IndexUnavailableError):
        next(looks(RunHandle(run, raincheck.deployment), None))
