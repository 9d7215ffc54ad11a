"""Following a run: a live picture on a terminal, elsewhere a line for each change of a step."""

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.runs import Run, RunStatus, StepRun, StepState
from raincheck_workers.cli.error_lines import FAILED, TIMED_OUT
from raincheck_workers.cli.looks import looks
from raincheck_workers.cli.output import messages, print_error
from raincheck_workers.cli.rendering.live_run import LiveRun, problem_words
from raincheck_workers.cli.rendering.states import state_text
from raincheck_workers.cli.rendering.step_words import why
from raincheck_workers.cli.rendering.words import one_line, span

_INTERRUPTED = 130  # as a shell says that Ctrl-C ended a command
_REFRESHES = 4  # of the picture a second: times go on between two looks


def follow(handle: RunHandle, console: Console, timeout: float | None) -> int:
    """Show what the steps of a run do until it has ended.

    Args:
        handle: of the run.
        console: takes the picture or the lines.
        timeout: seconds; None follows as long as it takes.

    Returns:
        The exit code: whether the run succeeded, the time ran out, or Ctrl-C was pressed.

    Raises:
        RunNotFoundError: its records are gone.
    """
    try:
        # Forced colours (`FORCE_COLOR`) make no terminal that could redraw lines.
        drawn = console.is_interactive and console.file.isatty()
        status = _draw(handle, console, timeout) if drawn else _tell(handle, console, timeout)
    except TimeoutError as error:
        print_error(str(error))
        return TIMED_OUT
    except KeyboardInterrupt:
        again = f"raincheck runs show {handle.id} --follow"
        line = f"stopped following; run {handle.id} goes on. Look again: {again}"
        messages().print(Text(line), soft_wrap=True)
        return _INTERRUPTED
    return 0 if status is RunStatus.SUCCEEDED else FAILED


def _draw(handle: RunHandle, console: Console, timeout: float | None) -> RunStatus:
    spec = handle.deployment.index.records.spec(handle.id)
    picture = LiveRun(spec)
    status = RunStatus.QUEUED
    with Live(picture, console=console, refresh_per_second=_REFRESHES):
        for look in looks(handle, timeout):
            picture.look = look
            status = look.run.status
    return status


def _tell(handle: RunHandle, console: Console, timeout: float | None) -> RunStatus:
    began = time.monotonic()
    seen: dict[str, tuple[StepState, int]] = {}
    status, problem = RunStatus.QUEUED, None
    for look in looks(handle, timeout):
        if look.problem != problem:
            problem = look.problem
            console.print(Text(problem_words(problem)), soft_wrap=True)
        passed = time.monotonic() - began
        for step in _changed(look.run, seen):
            console.print(_line(step, passed), soft_wrap=True)
        status = look.run.status
        if status.final:
            reason = f" ({look.run.reason})" if look.run.reason else ""
            console.print(Text("run ") + state_text(status) + Text(reason))
    return status


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
        line.append(": " + one_line("; ".join(reasons)), style="default not dim")
    return line
