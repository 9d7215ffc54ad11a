"""`raincheck runs why`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raincheck import Client
from tests.support.builders import pipeline, step, waiting
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Iterator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def test_a_misspelt_artifact_is_told_with_near_names(raincheck: CommandLine) -> None:
    """With what the step waits for, since when and until when."""
    raincheck.driver.publish("trained_model")
    run = raincheck.driver.submit(pipeline(step("use", waiting("trained_modle:latest", 300))))
    raincheck.driver.parked(run, "use")
    words = raincheck("runs", "why", run).out
    assert f"run {run} of p: waiting, queued" in words
    assert "use  waiting" in words
    assert "waits for trained_modle:latest: artifact 'trained_modle' has no versions yet" in words
    assert "did you mean trained_model? (since" in words
    assert "5 min left)" in words
    (found,) = raincheck.document("runs", "why", run)["steps"]
    (cause,) = found["causes"]
    assert (cause["reference"], cause["near"]) == ("trained_modle:latest", ["trained_model"])
    assert cause["until"] > cause["since"]


def test_a_misspelt_model_is_told_with_near_names(raincheck: CommandLine) -> None:
    """As an artifact is."""
    Client(raincheck.deployment).create_model_version("churn")
    run = raincheck.driver.submit(pipeline(step("use", waiting("report?model=chrun", 300))))
    raincheck.driver.parked(run, "use")
    said = "model 'chrun' has no versions yet; did you mean churn? (since"
    assert said in raincheck("runs", "why", run).out


def test_a_retry_is_told_with_its_error_and_its_time(raincheck: CommandLine) -> None:
    """And what follows a failed step with the step that failed."""
    run = raincheck.driver.submit(
        pipeline(step("a", retries=1, retry_delay=60.0), step("b", after=["a"]))
    )
    raincheck.driver.fail(run, "a")
    words = raincheck("runs", "why", run).out
    assert "starts later, attempt 1 failed: builtins.ValueError: no (60 s left)" in words
    assert raincheck.document("runs", "why", run)["steps"][0]["attempt"] == 1


def test_what_failed_and_what_was_skipped_because_of_it(raincheck: CommandLine) -> None:
    """Both are told."""
    run = raincheck.driver.submit(pipeline(step("a"), step("b", after=["a"])))
    raincheck.driver.fail(run, "a", "final")
    words = raincheck("runs", "why", run).out
    assert "failed: builtins.ValueError: no" in words
    assert "skipped: upstream a" in words


def test_a_step_that_no_worker_knows_is_told(raincheck: CommandLine) -> None:
    """With the worker's reason to give it back."""
    run = raincheck.driver.submit(pipeline(step("a")))
    raincheck.deployment.index.runs.decline(run, "a", "no step steps:a")
    assert "given back by a worker: no step steps:a" in raincheck("runs", "why", run).out


def test_a_run_that_succeeded_has_nothing_to_say(raincheck: CommandLine) -> None:
    """But that."""
    run = raincheck.driver.submit(pipeline(step("a")))
    raincheck.driver.finish(run, "a")
    assert raincheck("runs", "why", run).out.startswith(f"run {run} of p: succeeded, queued")
    assert raincheck("runs", "why", run).out.count("\n") == 1
