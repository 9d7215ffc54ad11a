"""A run in full: its steps, what each reference became, what was published."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from raincheck.subscribing.words import event_words
from raincheck_contracts.pipelines import PipelineSpec, StepSpec
from raincheck_contracts.runs import Run, StepRun
from raincheck_contracts.subscriptions import Trigger
from raincheck_workers.cli.rendering.bindings import bindings_table
from raincheck_workers.cli.rendering.fork_words import fork_words
from raincheck_workers.cli.rendering.states import state_text
from raincheck_workers.cli.rendering.step_words import why
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, pairs, took

_SHOWN_EVENTS = 5


def run_page(run: Run, spec: PipelineSpec, *, traceback: bool = False) -> RenderableType:
    """Everything about a run.

    Args:
        run: as recorded.
        spec: its compiled pipeline, which names the inputs.
        traceback: whether the traceback of a failed step is shown.
    """
    steps = {step.step: step for step in run.steps}
    parts: list[RenderableType] = [*_head(run), _steps(run.steps)]
    for step in spec.steps:
        parts += _step(step, steps[step.name], traceback=traceback)
    return Group(*parts)


def _head(run: Run) -> Iterable[Text]:
    yield Text(f"run {run.id} of {run.pipeline}: ").append_text(state_text(run.status))
    time = f"queued {ago(run.submitted_at)}"
    if run.ended_at is not None:
        time += f", ended after {took(run.submitted_at, run.ended_at)}"
    yield Text(time)
    if run.reason:
        yield Text(f"because: {run.reason}")
    if run.trigger is not None:
        yield from _trigger(run.trigger, run.depth)
    if run.fork is not None:
        yield from map(Text, fork_words(run.fork))
    if run.model is not None:
        made = "" if run.model.version else ", no version of it yet"
        yield Text(f"model: {run.model}{made}")
    if run.parameters:
        yield Text(f"parameters: {pairs(run.parameters)}")


def _trigger(trigger: Trigger, depth: int) -> Iterable[Text]:
    line = f"started by subscription {trigger.subscription}, depth {depth}"
    yield Text(line if trigger.backfill is None else f"{line}, backfill {trigger.backfill}")
    shown = trigger.events[-_SHOWN_EVENTS:]
    for item in reversed(shown):
        yield Text(f"  event {item.event}: {event_words(item.kind, item.artifact, item.version)}")
    if trigger.count > len(shown):
        yield Text(f"  and {trigger.count - len(shown)} more events")


def _steps(steps: Iterable[StepRun]) -> Table:
    table = plain_table("step", "state", "attempt", "took", "node")
    for step in steps:
        table.add_row(
            Text(step.step),
            state_text(step.state),
            str(step.attempt or ""),
            took(step.started_at, step.ended_at),
            Text(step.node or ""),
        )
    return table


def _step(spec: StepSpec, step: StepRun, *, traceback: bool) -> Iterable[RenderableType]:
    yield Text()
    for reason in why(step):
        yield Text(f"{spec.name} ").append_text(state_text(step.state)).append(f": {reason}")
    if spec.inputs:
        yield bindings_table(spec, step, title=f"inputs of {spec.name}")
    for output, version in step.outputs.items():
        verb = "published" if step.cached_from is None else "took"
        yield Text(f"{spec.name} {verb} {version} as its output {output!r}")
    if traceback and step.error is not None and step.error.traceback:
        yield Text(f"traceback of {spec.name}", style="bold")
        yield Padding(Text(step.error.traceback.rstrip()), (0, 0, 0, 2), expand=False)
