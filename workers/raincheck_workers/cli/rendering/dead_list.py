"""Steps that were given up, each with the report of its attempts."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck_contracts.runs import Run, StepRun
from raincheck_workers.cli.rendering.words import ago, one_line


def dead_list(steps: Sequence[tuple[Run, StepRun]]) -> RenderableType:
    """A line per step, what was wrong, and a line per attempt that was lost."""
    return Group(*(line for run, step in steps for line in _lines(run, step)))


def _lines(run: Run, step: StepRun) -> Iterator[RenderableType]:
    when = "" if step.ended_at is None else f" {ago(step.ended_at)}"
    yield Text(step.step, style="bold").append(
        f" of {run.pipeline}, run {run.id}, was given up{when}", style="default not bold"
    )
    if step.error is not None:
        yield _below(f"{step.error.type}: {step.error.message}")
    for loss in step.losses:
        yield _below(str(loss), f" ({ago(loss.at)})")


def _below(line: str, remark: str = "") -> RenderableType:
    return Padding(Text(one_line(line)).append(remark, style="dim"), (0, 0, 0, 2), expand=False)
