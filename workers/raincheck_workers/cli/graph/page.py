"""A run as one HTML page that needs nothing else: no network, no other file."""

from collections import Counter
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.graph.details import run_details, step_details
from raincheck_workers.cli.graph.legend import legend
from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.graph.model import run_graph, step_key
from raincheck_workers.cli.graph.shell import picture, whole_page
from raincheck_workers.cli.graph.svg import svg_element
from raincheck_workers.cli.graph.time_bars import time_bars
from raincheck_workers.cli.rendering.words import took

# What a reader opens the page for comes first.
_FIRST_SHOWN = (StepState.FAILED, StepState.WAITING, StepState.RUNNING)


def page(run: Run, spec: PipelineSpec, now: int) -> str:
    """The page.

    Args:
        run: as recorded.
        spec: its compiled pipeline.
        now: milliseconds since the epoch, where the bars of a live run end.
    """
    graph = run_graph(run, spec)
    links = {step_key(step.name): f"step-{step.name}" for step in spec.steps}
    drawn = svg_element(graph, f"The steps of {run.pipeline}", links=links)
    parts = (picture("Steps", drawn, legend(graph)), _time_part(run, now), _details(run, spec))
    return whole_page(
        f"{run.pipeline}: {run.status}", _header(run, now), element("main", {}, *parts)
    )


def _header(run: Run, now: int) -> Element:
    moment = datetime.fromtimestamp(run.submitted_at / 1000, UTC)
    facts = [
        f"run {run.id}",
        f"queued {moment:%Y-%m-%d %H:%M:%S} UTC",
        f"{'took' if run.status.final else 'since'} {took(run.submitted_at, run.ended_at or now)}",
        _counts(run.steps),
    ]
    return element(
        "header",
        {},
        element(
            "h1", {}, run.pipeline, element("span", {"class": f"state {run.status}"}, run.status)
        ),
        element("p", {"class": "quiet"}, *(element("span", {}, fact) for fact in facts)),
    )


def _counts(steps: tuple[StepRun, ...]) -> str:
    counts = Counter(step.state for step in steps)
    of_states = ", ".join(f"{counts[state]} {state}" for state in StepState if counts[state])
    return f"{len(steps)} step{'s' if len(steps) > 1 else ''}: {of_states}"


def _time_part(run: Run, now: int) -> Element:
    return element("section", {"class": "times"}, element("h2", {}, "Time"), time_bars(run, now))


def _details(run: Run, spec: PipelineSpec) -> Element:
    steps = {step.step: step for step in run.steps}
    first = next(
        (step.step for state in _FIRST_SHOWN for step in run.steps if step.state is state),
        spec.steps[-1].name,
    )
    parts = [step_details(step, steps[step.name], shown=step.name == first) for step in spec.steps]
    # The inner part stays in sight while the outer one gives the column its ground.
    inner = element("div", {}, run_details(run), *parts)
    return element("aside", {"aria-label": "Details"}, inner)
