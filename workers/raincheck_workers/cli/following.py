"""Following a run: one line for each change of a step."""

import time

from rich.console import Console
from rich.text import Text

from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.runs import Run, RunStatus, StepRun, StepState
from raincheck_workers.cli.rendering.states import state_text
from raincheck_workers.cli.rendering.step_words import why
from raincheck_workers.cli.rendering.words import span

_PAUSE = 0.1  # seconds between two looks


def follow(handle: RunHandle, console: Console, timeout: float | None) -> RunStatus:
    """Print what the steps of a run do until it has ended.

    Args:
        handle: of the run.
        console: takes the lines.
        timeout: seconds; None follows as long as it takes.

    Returns:
        The final status.

    Raises:
        TimeoutError: it has not ended in time; says what it is doing.
        RunNotFoundError: its records are gone.
    """
    began = time.monotonic()
    seen: dict[str, tuple[StepState, int]] = {}
    while True:
        run = handle.run()
        passed = time.monotonic() - began
        for step in _changed(run, seen):
            console.print(_line(step, passed))
        if run.status.final:
            reason = f" ({run.reason})" if run.reason else ""
            console.print(Text("run ") + state_text(run.status) + Text(reason))
            return run.status
        if timeout is not None and passed >= timeout:
            raise TimeoutError(f"run {run.id} is {run.status} after {timeout:g} s; it goes on")
        time.sleep(_PAUSE)


def _changed(run: Run, seen: dict[str, tuple[StepState, int]]) -> list[StepRun]:
    """The steps whose state is new, which are remembered; one that is not due yet is not."""
    changed: list[StepRun] = []
    for step in run.steps:
        now = (step.state, step.attempt)
        if seen.get(step.step) != now and step.state is not StepState.PENDING:
            changed.append(step)
        seen[step.step] = now
    return changed


def _line(step: StepRun, passed: float) -> Text:
    line = Text(f"{span(passed):>8}  ", style="dim")
    line.append_text(Text(f"{step.step}  ", style="default not dim"))
    line.append_text(state_text(step.state))
    reasons = why(step)
    if reasons:
        line.append(": " + "; ".join(reasons), style="default not dim")
    return line
