"""A run as a picture that fits the screen, drawn again and again while it changes."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.looks import Look
from raincheck_workers.cli.rendering.live_step import bound_names, step_lines
from raincheck_workers.cli.rendering.states import sign, state_text, style_of
from raincheck_workers.cli.rendering.words import one_line, passed, took

# When not all steps fit: what is to be looked at first.
_URGENCY = (
    StepState.FAILED,
    StepState.RUNNING,
    StepState.WAITING,
    StepState.QUEUED,
    StepState.CANCELLED,
)
_SPARE = 2  # lines that a terminal needs below: the prompt
_LEAST = 4  # lines, however low the terminal


def problem_words(problem: str | None) -> str:
    """What is said when the index does not answer, or does again."""
    if problem is None:
        return "the index answers again"
    return f"asking the index again; the run goes on. {one_line(problem)}"


class LiveRun:
    """What Rich draws: the run as last looked at, at the time of drawing.

    Args:
        spec: the compiled pipeline, which names the inputs.
    """

    def __init__(self, spec: PipelineSpec) -> None:
        self.look: Look | None = None
        self._names = {step.name: bound_names(step) for step in spec.steps}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.look is None:
            yield Text("reading the run ...", style="dim")
            return
        height = max(_LEAST, (options.height or console.height) - _SPARE)
        plain = options.ascii_only
        for line in self._lines(self.look, height, plain=plain):
            line.truncate(options.max_width, overflow="crop" if plain else "ellipsis")
            line.no_wrap = True
            yield line

    def _lines(self, look: Look, height: int, *, plain: bool) -> Iterator[Text]:
        head = [_head(look.run, plain=plain)]
        if look.problem is not None:
            head.append(Text(f"! {problem_words(look.problem)}", style="bold yellow"))
        elif look.run.reason:
            head.append(Text(one_line(look.run.reason), style="dim"))
        yield from head
        yield from self._body(look.run, height - len(head), plain=plain)

    def _body(self, run: Run, room: int, *, plain: bool) -> list[Text]:
        """All steps with what they say; else a line each; else the urgent, the rest counted."""
        longest = max(len(step.step) for step in run.steps)
        full = [
            step_lines(step, self._names[step.step], longest, plain=plain) for step in run.steps
        ]
        if sum(map(len, full)) <= room:
            return [line for lines in full for line in lines]
        if len(full) <= room:
            return [_in_one(lines) for lines in full]
        order = {state: i for i, state in enumerate(_URGENCY)}
        urgent = sorted(
            (i for i, step in enumerate(run.steps) if step.state in order),
            key=lambda i: order[run.steps[i].state],
        )[: max(0, room - 1)]
        chosen = set(urgent)
        left = [step for i, step in enumerate(run.steps) if i not in chosen]
        shown = [line for i in urgent for line in full[i]]
        if len(shown) >= room:
            shown = [_in_one(full[i]) for i in urgent]
        return [_count_line(left, plain=plain), *shown]


def _in_one(lines: list[Text]) -> Text:
    return Text("  ").join(
        [lines[0], *(Text(line.plain.strip(), line.style) for line in lines[1:])]
    )


def _head(run: Run, *, plain: bool) -> Text:
    time = took(run.submitted_at, run.ended_at) or passed(run.submitted_at)
    line = Text(run.pipeline, style="bold").append("  ").append_text(state_text(run.status))
    line.append(f"  {time}  ", style="default not bold")
    return line.append_text(_counts(run.steps, plain=plain)).append(
        f"  run {run.id}", style="dim not bold"
    )


def _counts(steps: Iterable[StepRun], *, plain: bool) -> Text:
    counts = Counter(step.state for step in steps)
    return Text("  ").join(
        Text(f"{sign(state, plain=plain)} {counts[state]}", style=f"{style_of(state)} not bold")
        for state in StepState
        if counts[state]
    )


def _count_line(steps: Iterable[StepRun], *, plain: bool) -> Text:
    counts = Counter(step.state for step in steps)
    words = ", ".join(f"{counts[state]} {state}" for state in StepState if counts[state])
    return Text(f"  {'...' if plain else '…'} {words}", style="dim")
