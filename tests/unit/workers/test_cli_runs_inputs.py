"""`raincheck runs inputs`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import pipeline, step
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Iterator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def test_each_input_says_what_it_became_and_what_lost(raincheck: CommandLine) -> None:
    """And whether the answer would be another one now."""
    driver = raincheck.driver
    for number in (3, 1, 2):
        driver.publish("m", MSE=number)
    run = driver.submit(pipeline(step("use", "m?min=MSE", "m?min=MSE#/MSE", "m?take=2")))
    driver.claimed(run, "use")
    driver.publish("m", MSE=0)
    words = raincheck("runs", "inputs", run).out
    assert "p0: m?min=MSE became m@2 at revision 3" in words
    assert "not m@3: MSE = 2" in words
    assert "now: m@4" in words
    assert "p1: m?min=MSE#/MSE became m@2 = 1 at revision 3" in words
    assert "p2: m?take=2 became m@3, m@2 at revision 3" in words
    found = raincheck.document("runs", "inputs", run, "--step", "use")
    assert [item["changed"] for item in found] == [True, True, True]
    assert found[0]["lost"][0] == {"version": "m@3", "why": "MSE = 2"}


def test_what_would_have_no_answer_now_says_why(raincheck: CommandLine) -> None:
    """A condition that holds no more cannot be: but metadata of a newer version may be missing."""
    driver = raincheck.driver
    driver.publish("m", MSE=1)
    run = driver.submit(pipeline(step("use", "m#/MSE")))
    driver.claimed(run, "use")
    driver.publish("m")
    assert "now: none; m:latest#/MSE: m:latest has no metadata at" in raincheck(
        "runs", "inputs", run
    ).out.replace("\n    ", " ").replace("  ", " ")


def test_a_run_without_references_says_so(raincheck: CommandLine) -> None:
    """Nothing is bound."""
    run = raincheck.driver.submit(pipeline(step("a")))
    assert "no step is bound yet, or none has references" in raincheck("runs", "inputs", run).out
