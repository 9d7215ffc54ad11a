from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.command_line import CommandLine, command_line

TWO = pipeline(step("fit", outputs=["model"]), step("use", "data", output_of("fit", "model")))


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _failed(raincheck: CommandLine) -> str:
    driver = raincheck.driver
    driver.publish("data")
    run = driver.submit(TWO)
    driver.finish(run, "fit", new_version("model", output="model"))
    driver.fail(run, "use")
    assert driver.status(run) is RunStatus.FAILED
    return run


def test_a_failed_run_is_retried_by_the_beginning_of_its_id(raincheck: CommandLine) -> None:
    """Only the step that did not succeed, bound as it was."""
    run = _failed(raincheck)
    raincheck.driver.publish("data")
    answer = raincheck("runs", "retry", run[:12])
    assert (answer.code, answer.out) == (0, f"1 step runs again in run {run}\n")
    assert raincheck.driver.state(run, "fit") is StepState.SUCCEEDED
    assert raincheck.driver.claimed(run, "use").values[0].version == "1"


def test_rebind_is_asked_for(raincheck: CommandLine) -> None:
    """Then the step sees what is true now."""
    run = _failed(raincheck)
    raincheck.driver.publish("data")
    assert raincheck("runs", "retry", run, "--rebind").code == 0
    assert raincheck.driver.claimed(run, "use").values[0].version == "2"


def test_a_run_that_has_not_ended_is_not_retried(raincheck: CommandLine) -> None:
    """One line says what to do instead."""
    run = raincheck.driver.submit(TWO)
    answer = raincheck("runs", "retry", run)
    assert answer.code == 2
    assert answer.err == (
        f"error: run {run} cannot be retried: it has not ended. "
        "Wait for its end, or cancel it first\n"
    )
