"""Following, explaining and drawing runs of real workers, on a real terminal."""

import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck.messaging.served_queues import served_queues
from raincheck.queueing.run_report import report_on
from raincheck_contracts.runs import RunStatus, StepState
from tests.functional import pipelines
from tests.support.commands import run as run_command
from tests.support.terminals import on_terminal
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet, step_run

pytestmark = pytest.mark.functional

Fresh = Callable[[str], str]


def _variables(crew: Fleet) -> Mapping[str, str]:
    everything = crew.environment({})
    return {name: text for name, text in everything.items() if name.startswith("RAINCHECK_")}


def _raincheck(crew: Fleet, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_command(arguments, ROOT, _variables(crew))


@pytest.fixture
def gate(crew: Fleet, fresh: Fresh) -> Path:
    """A file for which held steps wait."""
    return crew.folder / fresh("gate")


def _held(gate: Path) -> tuple[str, str]:
    return f"{gate}.log", str(gate)


def test_a_run_is_drawn_live_on_a_terminal(crew: Fleet, gate: Path) -> None:
    """The picture is drawn again in place; the last one stays, with the states of the end."""
    handle = pipelines.hold_then_double.delay(*_held(gate))
    with on_terminal(["runs", "show", handle.id, "--follow"], ROOT, _variables(crew)) as terminal:
        wait_until(lambda: "held    running" in terminal.words, 30)
        assert "double  pending" in terminal.words
        gate.touch()
        assert terminal.process.wait(30) == 0
        wait_until(lambda: "hold_then_double  succeeded" in terminal.words, 5)
    end = terminal.words.rpartition("hold_then_double  succeeded")[2]
    assert "held    succeeded" in end
    assert "double  succeeded" in end
    assert "\x1b[1A" in terminal.raw  # it went up to draw over what it had drawn


def test_enqueue_draws_on_standard_error(crew: Fleet, gate: Path) -> None:
    """A failed run gives exit code 1, on a narrow terminal too; the run's id is printed."""
    log = f"{gate}.log"
    arguments = ["enqueue", f"{pipelines.__name__}:fail_first", "-p", f"log={log}", "--wait"]
    with on_terminal(arguments, ROOT, _variables(crew), columns=60) as terminal:
        assert terminal.process.wait(50) == 1
        wait_until(lambda: "fail_first  failed" in terminal.words, 5)
    end = terminal.words.rpartition("fail_first  failed")[2]
    assert "attempt 3: " in end
    assert max(map(len, end.splitlines())) <= 60


def test_ctrl_c_stops_following_and_not_the_run(crew: Fleet, gate: Path) -> None:
    """Exit code 130; it is told that the run goes on and how to look again."""
    handle = pipelines.hold.delay(*_held(gate))
    with on_terminal(["runs", "show", handle.id, "--follow"], ROOT, _variables(crew)) as terminal:
        wait_until(lambda: "held  running" in terminal.words, 30)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(20) == 130
        again = f"raincheck runs show {handle.id} --follow"
        wait_until(lambda: again in terminal.words.replace("\r\n", ""), 5)
    assert "goes on" in terminal.words
    assert handle.status() is RunStatus.RUNNING
    gate.touch()
    assert handle.wait(30) is RunStatus.SUCCEEDED


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"FORCE_COLOR": "1"}])
def test_without_a_terminal_there_are_plain_lines(
    crew: Fleet, variables: dict[str, str], gate: Path
) -> None:
    """One per change, and nothing that moves a cursor, even if colours are forced."""
    gate.touch()
    handle = pipelines.hold_then_double.delay(*_held(gate))
    handle.wait(30)
    shown = run_command(
        ["runs", "show", handle.id, "--follow"], ROOT, {**_variables(crew), **variables}
    )
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert len(lines) == 3
    assert "held" in lines[0]
    assert "\x1b[1A" not in shown.stdout
    assert "\x1b[?25l" not in shown.stdout


def test_why_names_the_worker_that_runs_a_step(crew: Fleet, gate: Path) -> None:
    """And since when."""
    handle = pipelines.hold.delay(*_held(gate))
    wait_until(lambda: step_run(handle, "held").state is StepState.RUNNING, 30)
    said = _raincheck(crew, "runs", "why", handle.id).stdout
    gate.touch()
    handle.wait(30)
    assert f"runs on {step_run(handle, 'held').node}, attempt 1 (since" in said


@pytest.mark.usefixtures("crew")
def test_why_says_that_no_worker_serves_a_queue() -> None:
    """Asked of the workers themselves, once a step is queued for long."""
    handle = pipelines.two_queues.delay(1.0)
    wait_until(lambda: step_run(handle, "on_other_queue").state is StepState.QUEUED, 30)
    said = str(report_on(handle.deployment, handle.id, long_queued=0.0))
    handle.cancel()
    assert "on_other_queue: no worker that answers serves its queue 'elsewhere'" in said
    assert "elsewhere" not in handle.why()


@pytest.mark.usefixtures("crew")
def test_why_has_no_complaint_of_a_queue_that_is_served() -> None:
    """The workers answer with the queue of steps that name none."""
    handle = pipelines.chain_of_ten.apply_async((1.0,), countdown=0.0)
    served = served_queues(handle.deployment.hints.app)
    handle.wait(30)
    assert served is not None
    assert DEFAULT_QUEUE in served


def test_a_page_is_written_and_opened_in_the_browser(crew: Fleet, gate: Path) -> None:
    """`--open` gives the default browser the address of the file."""
    gate.touch()
    handle = pipelines.hold_then_double.delay(*_held(gate))
    handle.wait(30)
    page, seen = crew.folder / "run.html", crew.folder / "seen"
    browser = crew.folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    shown = run_command(
        ["runs", "show", handle.id, "--output", str(page), "--open"],
        ROOT,
        {**_variables(crew), "BROWSER": f"{browser} %s"},
    )
    assert shown.returncode == 0, shown.stderr
    wait_until(lambda: seen.exists() and seen.read_text().strip(), 5)
    assert seen.read_text().strip() == page.as_uri()
    assert handle.id in page.read_text(encoding="utf-8")
