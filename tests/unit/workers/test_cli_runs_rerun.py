"""`raincheck runs rerun`: what it prints, and where forks are told."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.command_line import CommandLine, command_line

TWO = pipeline(
    step("fit", "data", outputs=["model"]), step("use", "data", output_of("fit", "model"))
)


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _half(raincheck: CommandLine) -> str:
    """A run of which the first of two steps has ended."""
    driver = raincheck.driver
    driver.publish("data")
    run = driver.submit(TWO)
    driver.finish(run, "fit", new_version("model", output="model"))
    return run


def test_the_new_run_is_printed_and_what_stays_as_written_told(raincheck: CommandLine) -> None:
    """The id alone on standard output; the run is told as a fork wherever it is shown."""
    run = _half(raincheck)
    answer = raincheck("runs", "rerun", run[:12], "--input", "use.p1=model@1")
    assert answer.code == 0, answer.err
    words = f"run {run} had not bound the references of use: they stay as written"
    assert answer.err == f"{words}\n"
    made = answer.out.strip()
    shown = raincheck("runs", "show", made).out
    assert f"fork of run {run}, on the versions that it had bound" in shown
    assert "  with use.p1 = model@1\n" in shown
    assert words in shown
    assert f"fork of {run}" in " ".join(raincheck("runs", "list").out.split())
    page = raincheck.deployment.settings.home / "page.html"
    raincheck("runs", "show", made, "--output", str(page))
    assert f"fork of run {run}" in page.read_text()


def test_as_json_it_is_the_new_run(raincheck: CommandLine) -> None:
    """With what it is a fork of; nothing is unbound when all is resolved anew."""
    run = _half(raincheck)
    fork = raincheck.document("runs", "rerun", run, "--fresh")["fork"]
    assert fork == {"run": run, "pins": False}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["use.p1"], "--input: 'use.p1' has no '='. Write STEP.PARAM=REF"),
        (["use.p1=model@1", "use.p1=model@2"], "--input: 'use.p1' is given twice"),
        (["use.p9=model@1"], "step 'use' was given no input 'p9'"),
        (["use.p1=Model@1"], "Model@1"),
    ],
)
def test_a_wrong_input_is_one_line(raincheck: CommandLine, given: list[str], message: str) -> None:
    """Exit code 2, and no run."""
    run = _half(raincheck)
    options = [word for item in given for word in ("--input", item)]
    answer = raincheck("runs", "rerun", run, *options)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert raincheck.deployment.index.records.run_ids(9) == [run]
