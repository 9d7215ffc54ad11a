from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import pipeline, step
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _killed(raincheck: CommandLine) -> str:
    run = raincheck.driver.submit(pipeline(step("fit")))
    for pid in (11, 12, 13):
        raincheck.driver.claimed(run, "fit", pid=pid)
        raincheck.driver.index.nodes.lost("n1", pid, "signal 9 (SIGKILL)")
    return run


def test_each_step_is_listed_with_how_its_attempts_ended(raincheck: CommandLine) -> None:
    """A line for the step, one for what was wrong, one per lost attempt."""
    run = _killed(raincheck)
    head, problem, *losses = raincheck("runs", "dead").out.splitlines()
    assert head.startswith(f"fit of p, run {run}, was given up ")
    expected = "its process ended thrice while it ran, or its worker ten times"
    assert problem == f"  raincheck.WorkerLost: {expected}"
    assert [line.partition(" (")[0] for line in losses] == [
        f"  attempt {pid - 10} on n1, process {pid}: signal 9" for pid in (11, 12, 13)
    ]


def test_dead_json_is_the_contract_of_each_step(raincheck: CommandLine) -> None:
    """`runs dead --json` is one array of steps with their pipeline; `--limit` holds."""
    runs = [_killed(raincheck) for _ in range(2)]
    found = raincheck.document("runs", "dead")
    assert {item["run"] for item in found} == set(runs)
    assert [loss["pid"] for loss in found[0]["losses"]] == [11, 12, 13]
    assert len(raincheck.document("runs", "dead", "--limit", "1")) == 1


def test_show_and_why_tell_of_the_lost_attempts(raincheck: CommandLine) -> None:
    """Whoever looks at the run need not know of the list."""
    run = _killed(raincheck)
    for command in ("show", "why"):
        assert raincheck("runs", command, run).out.count("signal 9 (SIGKILL)") == 3


def test_a_retried_run_is_off_the_list_and_off_the_doctors(raincheck: CommandLine) -> None:
    """The doctor counts what is on it, and says what to do."""
    run = _killed(raincheck)
    (check,) = (item for item in raincheck("doctor", "--json").document if item["check"] == "dead")
    assert check["found"].startswith("1 step given up")
    assert "raincheck runs retry" in check["remedy"]
    assert raincheck("runs", "retry", run).code == 0
    answer = raincheck("runs", "dead")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("no steps that were given up in namespace")
    again = raincheck("doctor", "--json")  # now it finds that nobody serves the queue
    assert "dead" not in {item["check"] for item in again.document}
