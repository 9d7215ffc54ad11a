from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck.index.submission import Submission
from raincheck_contracts.runs import ErrorInfo, RunStatus
from tests.support.builders import new_version, output_of, pipeline, step, submission
from tests.support.command_line import CommandLine, command_line

LATER = pipeline(step("load", outputs=["data"]), step("use", "model@42", output_of("load", "data")))
SINGLE = pipeline(step("fit", outputs=["model"]))


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _named(run: str) -> Submission:
    return submission(SINGLE, run=run)


def test_list_shows_runs_that_go_on_before_those_that_ended(raincheck: CommandLine) -> None:
    """`runs list` gives live runs first, each with pipeline and status."""
    ended = raincheck.driver.submit(SINGLE)
    raincheck.driver.finish(ended, "fit", new_version("model", output="model"))
    live = raincheck.driver.submit(SINGLE)
    lines = [line.split() for line in raincheck("runs", "list").out.splitlines()[2:]]
    assert [line[:3] for line in lines] == [[live, "p", "queued"], [ended, "p", "succeeded"]]


def test_list_json_is_the_contract_of_each_run(raincheck: CommandLine) -> None:
    """`runs list --json` is one array of runs in their contract form."""
    run = raincheck.driver.submit(SINGLE)
    stored = raincheck.deployment.index.records.run(run)
    assert raincheck.document("runs", "list") == [stored.model_dump(mode="json")]


def test_list_live_leaves_out_runs_that_ended(raincheck: CommandLine) -> None:
    """`runs list --live` gives only runs that can still change."""
    raincheck.driver.finish(raincheck.driver.submit(SINGLE), "fit")
    live = raincheck.driver.submit(SINGLE)
    assert [run["id"] for run in raincheck.document("runs", "list", "--live")] == [live]


def test_list_gives_at_most_the_limit(raincheck: CommandLine) -> None:
    """`--limit` bounds the list and keeps the newest."""
    runs = [raincheck.driver.submit(SINGLE) for _ in range(3)]
    assert len(raincheck.document("runs", "list", "--limit", "2")) == 2
    assert {run["id"] for run in raincheck.document("runs", "list")} == set(runs)


def test_an_empty_list_says_where_it_looked(raincheck: CommandLine) -> None:
    """Nothing to list is no error; standard error names the place, JSON is an empty array."""
    answer = raincheck("runs", "list")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("no runs in namespace 'default' of RAINCHECK_URL")
    assert raincheck.document("runs", "list") == []


def test_show_says_what_a_waiting_step_waits_for(raincheck: CommandLine) -> None:
    """`runs show` names each missing reference of a parked step in words."""
    run = raincheck.driver.submit(LATER)
    raincheck.driver.finish(run, "load", new_version("data", output="data"))
    raincheck.driver.parked(run, "use")
    answer = raincheck("runs", "show", run)
    assert answer.code == 0
    assert f"run {run} of p: waiting" in answer.out
    assert "use waiting: model@42: artifact 'model' has no versions yet" in answer.out


def test_show_lists_what_each_input_was_bound_to(raincheck: CommandLine) -> None:
    """A bound step shows parameter, reference as written, version, type or value, revision."""
    raincheck.driver.publish("model", MSE=0.25)
    run = raincheck.driver.submit(pipeline(step("use", "model:latest", "model:latest#/MSE")))
    raincheck.driver.finish(run, "use")
    rows = [line.split() for line in raincheck("runs", "show", run).out.splitlines()]
    assert ["p0", "model:latest", "1", "float", "1"] in rows
    assert ["p1", "model:latest#/MSE", "1", "0.25", "1"] in rows


def test_show_names_what_was_published(raincheck: CommandLine) -> None:
    """A step that published shows the version of each output."""
    run = raincheck.driver.submit(SINGLE)
    raincheck.driver.finish(run, "fit", new_version("model", output="model"))
    assert "fit published model@1 as its output 'model'" in raincheck("runs", "show", run).out


def test_show_gives_the_error_and_only_on_demand_its_traceback(raincheck: CommandLine) -> None:
    """A failed step shows its error in one line; `--traceback` adds the traceback."""
    run = raincheck.driver.submit(SINGLE)
    attempt = raincheck.driver.attempt(run, "fit")
    error = ErrorInfo(type="builtins.ValueError", message="no [rows]", traceback="File train.py")
    raincheck.deployment.index.runs.fail(attempt, "final", error)
    short, long = (raincheck("runs", "show", run, *option).out for option in ((), ("--traceback",)))
    assert "fit failed: builtins.ValueError: no [rows]" in short
    assert "File train.py" not in short
    assert "File train.py" in long


def test_show_json_is_the_contract_of_the_run(raincheck: CommandLine) -> None:
    """`runs show --json` is the run in its contract form, with the time of its parking."""
    run = raincheck.driver.submit(pipeline(step("use", "model@42")))
    raincheck.driver.parked(run, "use")
    document = raincheck.document("runs", "show", run)
    assert document == raincheck.deployment.index.records.run(run).model_dump(mode="json")
    assert document["steps"][0]["parked_at"] >= document["submitted_at"]


def test_a_run_is_found_by_the_beginning_of_its_id(raincheck: CommandLine) -> None:
    """A prefix that only one run has names it."""
    for run in ("aa11", "aa22"):
        raincheck.deployment.index.runs.submit(_named(run))
    assert raincheck.document("runs", "show", "aa2")["id"] == "aa22"


def test_a_whole_id_names_its_run_even_if_others_begin_with_it(raincheck: CommandLine) -> None:
    """An exact id wins over longer ones."""
    for run in ("aa", "aa11"):
        raincheck.deployment.index.runs.submit(_named(run))
    assert raincheck.document("runs", "show", "aa")["id"] == "aa"


def test_an_ambiguous_prefix_names_the_runs_that_it_could_mean(raincheck: CommandLine) -> None:
    """Two runs of one prefix are an error that lists them, with exit code 2."""
    for run in ("aa11", "aa22"):
        raincheck.deployment.index.runs.submit(_named(run))
    answer = raincheck("runs", "show", "aa")
    assert answer.code == 2
    assert answer.err.startswith("error: RUN: 2 runs begin with 'aa': ")
    assert "aa11" in answer.err
    assert "aa22" in answer.err


@pytest.mark.parametrize("command", ["show", "cancel"])
@pytest.mark.parametrize("run", ["none", ""])
def test_an_unknown_run_is_one_line_and_exit_code_2(
    raincheck: CommandLine, command: str, run: str
) -> None:
    """No such run: one line on standard error, nothing on standard output."""
    answer = raincheck("runs", command, run)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: there is no run {run}")
    assert answer.err.count("\n") == 1


def test_debug_lets_the_error_through(raincheck: CommandLine) -> None:
    """With `--debug` the error itself is raised, for its traceback."""
    with pytest.raises(LookupError, match="there is no run none"):
        raincheck("--debug", "runs", "show", "none")


def test_cancel_ends_a_run_once(raincheck: CommandLine) -> None:
    """`runs cancel` ends a live run with its reason, and says so when it had ended."""
    run = raincheck.driver.submit(SINGLE)
    first = raincheck("runs", "cancel", run, "--reason", "wrong data")
    second = raincheck("runs", "cancel", run)
    stored = raincheck.deployment.index.records.run(run)
    assert (stored.status, stored.reason) == (RunStatus.CANCELLED, "wrong data")
    assert first.out == f"run {run} is cancelled\n"
    assert (second.code, second.out) == (0, f"run {run} had ended already: cancelled\n")
