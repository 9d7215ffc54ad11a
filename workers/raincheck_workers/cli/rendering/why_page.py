"""Why a run is where it is, with times."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.queueing.run_report import Cause, RunReport
from raincheck_contracts.runs import StepRun
from raincheck_workers.cli.rendering.states import sign, state_text, style_of
from raincheck_workers.cli.rendering.words import ago, left, one_line


def why_page(report: RunReport, *, plain: bool) -> RenderableType:
    """A line for the run, and per step that has something to say its causes.

    Args:
        report: of the run.
        plain: whether only ASCII can be shown.
    """
    return Group(*_lines(report, plain=plain))


def _lines(report: RunReport, *, plain: bool) -> Iterator[RenderableType]:
    run = report.run
    line = Text(f"run {run.id} of {run.pipeline}: ").append_text(state_text(run.status))
    line.append(f", queued {ago(run.submitted_at)}")
    yield line.append(f" ({one_line(run.reason)})" if run.reason else "")
    for step in run.steps:
        if step.step in report.causes:
            yield _head(step, plain=plain)
            for cause in report.causes[step.step]:
                text = Text(one_line(str(cause))).append(_times(cause), style="dim")
                yield Padding(text, (0, 0, 0, 4), expand=False)
    if not report.causes and not run.status.final:
        yield Text("  nothing holds it up")


def _head(step: StepRun, *, plain: bool) -> Text:
    head = Text("  ").append(f"{sign(step.state, plain=plain)} ", style=style_of(step.state))
    return head.append(step.step, style="bold").append("  ").append_text(state_text(step.state))


def _times(cause: Cause) -> str:
    times: list[str] = []
    if cause.since is not None:
        times.append(f"since {ago(cause.since).removesuffix(' ago')}")
    if cause.until is not None:
        times.append(f"{left(cause.until)} left")
    return f" ({', '.join(times)})" if times else ""
