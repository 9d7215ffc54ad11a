"""The live picture of a run."""

import io
import time

import pytest
from rich.console import Console

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import ErrorInfo, MissingReason, MissingReference, Run, StepState
from raincheck_workers.cli.looks import Look
from raincheck_workers.cli.rendering.live_run import LiveRun
from tests.support.builders import binding, pipeline, step
from tests.support.recorded_runs import recorded_run


def _picture(
    run: Run, spec: PipelineSpec, *, columns: int = 120, rows: int = 24, problem: str | None = None
) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=columns, height=rows, force_terminal=True, no_color=True)
    live = LiveRun(spec)
    live.look = Look(run, problem)
    with console.capture() as captured:
        console.print(live)
    lines = captured.get().splitlines()
    return [console.render_str(line).plain if "\x1b" not in line else _bare(line) for line in lines]


def _bare(line: str) -> str:
    return "".join(
        part.partition("m")[2] if i else part for i, part in enumerate(line.split("\x1b["))
    )


def _ago(seconds: float) -> int:
    return round((time.time() - seconds) * 1000)


def test_each_step_says_what_it_does() -> None:
    """State, time, node, attempt, what it waits for and how long, bindings, outputs, errors."""
    spec = pipeline(
        step("fit", "model:latest", outputs=["best"]),
        step("use", "model@42"),
        step("run"),
        step("bad"),
        step("again"),
    )
    error = ErrorInfo(type="builtins.ValueError", message="no\nrows \x1b[31m")
    missing = MissingReference(
        reference="model@42", reason=MissingReason.VERSION_UNKNOWN, deadline=_ago(-600)
    )
    steps = {
        "fit": {
            "state": StepState.SUCCEEDED,
            "started_at": _ago(5),
            "ended_at": _ago(2),
            "bindings": {"model:latest": binding("7")},
            "outputs": {"best": "best@1"},
        },
        "use": {"state": StepState.WAITING, "parked_at": _ago(30), "missing": (missing,)},
        "run": {"state": StepState.RUNNING, "node": "n1", "started_at": _ago(50), "attempt": 2},
        "bad": {"state": StepState.FAILED, "error": error, "attempt": 1},
        "again": {
            "state": StepState.QUEUED,
            "error": error,
            "attempt": 1,
            "not_before": _ago(-60),
        },
    }
    run = recorded_run(spec, steps, submitted_at=_ago(60))
    lines = _picture(run, spec)
    assert lines[0].startswith("p  running  60 s  ○ 1  ◷ 1  ● 1  ✓ 1  ✗ 1  run rrr")
    assert lines[1:] == [
        "  ✓ fit    succeeded  3.0 s  -> best@1",
        "      p0 = model@7",
        "  ◷ use    waiting    for 30 s",
        "      model@42: 'model' has no version '42' yet (10 min left)",
        "  ● run    running    50 s  on n1  attempt 2",
        "  ✗ bad    failed     attempt 1: builtins.ValueError: no rows  [31m",
        "  ○ again  queued     attempt 1 failed: builtins.ValueError: no rows  [31m  again in 60 s",
    ]


@pytest.mark.parametrize("rows", [5, 12, 24, 60])
@pytest.mark.parametrize("columns", [20, 60, 200])
def test_hundreds_of_steps_stay_on_the_screen(rows: int, columns: int) -> None:
    """The picture is never higher or wider than the terminal, and counts what it leaves out."""
    spec = pipeline(*(step(f"step_{i}") for i in range(300)))
    states = [StepState.SUCCEEDED, StepState.RUNNING, StepState.PENDING]
    steps = {f"step_{i}": {"state": states[i // 100], "node": "n" * 80} for i in range(300)}
    lines = _picture(recorded_run(spec, steps), spec, rows=rows, columns=columns)
    assert len(lines) < rows
    assert max(map(len, lines)) <= columns
    if columns == 200:
        left = 100 - (len(lines) - 2)
        running = f"{left} running, " if left else ""
        assert lines[1] == f"  … 100 pending, {running}100 succeeded"


def test_what_failed_or_runs_comes_before_what_waits() -> None:
    """When not all fit."""
    spec = pipeline(*(step(f"s{i}") for i in range(40)))
    steps = {f"s{i}": {"state": StepState.QUEUED} for i in range(38)}
    steps |= {"s38": {"state": StepState.RUNNING}, "s39": {"state": StepState.FAILED}}
    lines = _picture(recorded_run(spec, steps), spec, rows=8)
    assert [line.split()[1] for line in lines[2:4]] == ["s39", "s38"]


def test_an_index_that_is_away_is_told_above_the_steps() -> None:
    """With what was seen last below."""
    spec = pipeline(step("fit"))
    lines = _picture(recorded_run(spec), spec, problem="no answer")
    assert lines[1] == "! asking the index again; the run goes on. no answer"
    assert lines[2].split() == ["·", "fit", "pending"]


def test_a_terminal_that_knows_only_ascii_gets_only_that() -> None:
    """Signs, and the mark of what is cut or left out."""
    spec = pipeline(*(step(f"step_{i}") for i in range(30)))
    steps = {f"step_{i}": {"state": state} for i, state in enumerate(StepState)}
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=file, width=40, height=12, force_terminal=True)
    live = LiveRun(spec)
    live.look = Look(recorded_run(spec, steps))
    console.print(live)
    file.flush()
