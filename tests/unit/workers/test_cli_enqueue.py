import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck.index.packing import pack_needs
from raincheck.index.replies import Claimed
from raincheck.index.run_scripts import Attempt, Delivery
from raincheck_contracts.pipelines import needs_of
from raincheck_contracts.runs import RunStatus, StepState
from raincheck_workers.cli.named_values import named_values
from tests.support.builders import digest, nonce
from tests.support.command_line import CommandLine, command_line
from tests.support.driver import ERROR

MODULE = """
from typing import Any

from raincheck import Client, pipeline, step


@step
def double(x: Any) -> Any:
    return x


@pipeline
def good(x: Any = 1, name: str = "") -> None:
    double(x)


@pipeline
def later() -> None:
    double(Client().get_artifact_version("model", version="42"))
"""


@pytest.fixture
def raincheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[CommandLine]:
    """The command line in a folder that holds the module `queued_by_name`."""
    (tmp_path / "queued_by_name.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "broken_module.py").write_text("raise ValueError('at\\nimport')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with command_line(tmp_path) as command:
        yield command


def _play(raincheck: CommandLine, run: str, *, fail: bool) -> None:
    """Do a run's only step as a worker would."""
    index = raincheck.deployment.index
    (spec,) = index.records.spec(run).steps
    claimed = index.runs.claim(
        run,
        spec.name,
        digest=digest(spec.canonical_json()),
        delivery=Delivery(nonce=nonce(), node="n1", pid=11, task="t"),
        references=pack_needs(needs_of(spec)),
    )
    assert isinstance(claimed, Claimed)
    attempt = Attempt(run=run, step=spec.name, fence=claimed.fence, node="n1")
    if fail:
        index.runs.fail(attempt, "final", ERROR)
    else:
        index.runs.complete(attempt, ())


def test_the_id_of_the_run_is_all_of_standard_output(raincheck: CommandLine) -> None:
    """`enqueue` queues the pipeline and prints its run's id, fit for `$(...)`."""
    answer = raincheck("enqueue", "queued_by_name:good")
    assert answer.code == 0
    run = raincheck.deployment.index.records.run(answer.out.strip())
    assert (run.pipeline, run.status) == ("good", RunStatus.QUEUED)


def test_parameters_are_json_else_text(raincheck: CommandLine) -> None:
    """`--param` values are read as JSON if they are JSON, and are text otherwise."""
    run = raincheck.document(
        "enqueue", "queued_by_name:good", "-p", "x=[1, 2.5]", "--param", "name=a=b"
    )
    assert run["parameters"] == {"x": [1, 2.5], "name": "a=b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("x=3", 3), ('x="3"', "3"), ("x=", ""), ("x=null", None), ("x=NaN", "NaN"), ("x=a b", "a b")],
)
def test_a_parameter_keeps_its_type(text: str, value: object) -> None:
    """Numbers are numbers, quoted text is text, and what is no JSON is text as it stands."""
    assert named_values("--param", [text]) == {"x": value}


def test_options_reach_the_run(raincheck: CommandLine) -> None:
    """The same idempotency key gives the same run; a countdown delays its step."""
    arguments = ("enqueue", "queued_by_name:good", "--idempotency-key", "k", "--countdown", "1h")
    first, second = raincheck(*arguments), raincheck(*arguments)
    assert first.out == second.out
    assert raincheck.driver.due() == []


def test_wait_follows_a_run_that_succeeds(raincheck: CommandLine) -> None:
    """`--wait` ends with 0 and the status on standard error when the run succeeded."""
    arguments = ("enqueue", "queued_by_name:good", "--idempotency-key", "k")
    run = raincheck(*arguments).out.strip()
    _play(raincheck, run, fail=False)
    answer = raincheck(*arguments, "--wait")
    assert (answer.code, answer.out.strip()) == (0, run)
    assert "double  succeeded" in answer.err
    assert answer.err.endswith("run succeeded\n")


def test_wait_ends_with_1_when_the_run_failed(raincheck: CommandLine) -> None:
    """A failed run gives exit code 1 and the error of its step."""
    arguments = ("enqueue", "queued_by_name:good", "--idempotency-key", "k")
    _play(raincheck, raincheck(*arguments).out.strip(), fail=True)
    answer = raincheck(*arguments, "--wait")
    assert answer.code == 1
    assert "double  failed: builtins.ValueError: no" in answer.err


def test_wait_ends_with_1_when_the_run_was_cancelled(raincheck: CommandLine) -> None:
    """A cancelled run gives exit code 1 and its reason."""
    arguments = ("enqueue", "queued_by_name:good", "--idempotency-key", "k")
    raincheck("runs", "cancel", raincheck(*arguments).out.strip(), "--reason", "wrong data")
    answer = raincheck(*arguments, "--wait")
    assert answer.code == 1
    assert answer.err.endswith("run cancelled (wrong data)\n")


def test_wait_ends_with_3_when_the_time_is_over(raincheck: CommandLine) -> None:
    """`--timeout` ends the command, not the run; the JSON document is still printed."""
    answer = raincheck("enqueue", "queued_by_name:later", "--wait", "--timeout", "100ms", "--json")
    assert answer.code == 3
    assert answer.document["steps"][0]["state"] == StepState.QUEUED
    assert f"error: run {answer.document['id']} is queued after 0.1 s; it goes on" in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["queued_by_name"], "'queued_by_name' is not of the form MODULE:PIPELINE"),
        (["queued_by_name:"], "is not of the form MODULE:PIPELINE"),
        (["queued_by_name:goood"], "has no pipeline 'goood'. Did you mean good?"),
        (["queued_by_name:zzz"], "has no pipeline 'zzz'. It has: good, later"),
        (["queued_by_name:double"], "has no pipeline 'double'"),
        (["no_such_module:x"], "cannot import 'no_such_module': ModuleNotFoundError"),
        (["broken_module:x"], "cannot import 'broken_module': ValueError: at import"),
        (["./queued_by_name.py:good"], "Name the module, not the file: queued_by_name"),
        (["queued_by_name:good", "-p", "x"], "--param: 'x' has no '='"),
        (["queued_by_name:good", "-p", "x=1", "-p", "x=2"], "--param: 'x' is given twice"),
        (["queued_by_name:good", "-p", "y=1"], "pipeline 'good': y: is not a parameter"),
        (["queued_by_name:good", "--priority", "11"], "priority 11 is not 0 to 9"),
        (["queued_by_name:good", "--expires", "soon"], "--expires: 'soon' is no duration"),
    ],
)
def test_what_cannot_be_queued_is_one_line_and_exit_code_2(
    raincheck: CommandLine, arguments: list[str], words: str
) -> None:
    """A mistake is told in one line, and nothing is queued."""
    answer = raincheck("enqueue", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert raincheck.document("runs", "list") == []
