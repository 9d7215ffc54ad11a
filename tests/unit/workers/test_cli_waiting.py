from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import pipeline, step, waiting
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def test_every_missing_reference_is_named_with_the_time_left(raincheck: CommandLine) -> None:
    """`waiting` says which step waits, for what, and how long each wait still lasts."""
    spec = pipeline(step("use", "model@42", waiting("other:latest", 600.0)))
    run = raincheck.driver.submit(spec)
    raincheck.driver.parked(run, "use")
    head, *lines = raincheck("waiting").out.splitlines()
    assert head.startswith(f"use of p, run {run}, has waited ")
    assert lines == [
        "  model@42: artifact 'model' has no versions yet (60 min left)",
        "  other:latest: artifact 'other' has no versions yet (10 min left)",
    ]


def test_waiting_json_is_the_contract_of_each_step(raincheck: CommandLine) -> None:
    """`waiting --json` is one array of steps with their pipeline."""
    run = raincheck.driver.submit(pipeline(step("use", "model@42")))
    raincheck.driver.parked(run, "use")
    stored = raincheck.driver.step_run(run, "use").model_dump(mode="json")
    assert raincheck.document("waiting") == [{"pipeline": "p", **stored}]
    assert {"run", "step", "state", "missing", "parked_at"} <= stored.keys()


def test_steps_that_do_not_wait_are_left_out(raincheck: CommandLine) -> None:
    """Queued, running and woken steps are not listed."""
    raincheck.driver.submit(pipeline(step("queued")))
    woken = raincheck.driver.submit(pipeline(step("use", "model@1")))
    raincheck.driver.parked(woken, "use")
    raincheck.driver.publish("model")
    raincheck.driver.wake()
    assert raincheck.document("waiting") == []
    answer = raincheck("waiting")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("no waiting steps in namespace")


def test_a_list_that_may_be_incomplete_says_so(raincheck: CommandLine) -> None:
    """When more runs are live than were looked through, standard error tells."""
    for _ in range(2):
        run = raincheck.driver.submit(pipeline(step("use", "model@42")))
        raincheck.driver.parked(run, "use")
    assert "Only the newest 1 live runs" in raincheck("waiting", "--limit", "1").err
    assert raincheck("waiting").err == ""


def test_a_step_that_no_worker_can_run_waits_too(raincheck: CommandLine) -> None:
    """Its reason names the module to add; once it is parked, only what it misses is told."""
    run = raincheck.driver.submit(pipeline(step("use", "model@42")))
    raincheck.deployment.index.runs.decline(run, "use", "no step steps:use; add steps")
    out = raincheck("waiting").out
    assert f"use of p, run {run}, waits for a worker" in out
    assert "given back by a worker: no step steps:use; add steps" in out
    raincheck.driver.parked(run, "use")
    assert "given back" not in raincheck("waiting").out
