"""A run as one HTML page that needs nothing else: no network, no other file."""

import base64
import hashlib
from collections import Counter
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.graph.details import run_details, step_details
from raincheck_workers.cli.graph.markup import element, source, written
from raincheck_workers.cli.graph.model import run_graph
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
    title = f"{run.pipeline}: {run.status}"
    graph = svg_element(run_graph(run, spec), f"The steps of {run.pipeline}", linked=True)
    document = element(
        "html",
        {"lang": "en"},
        _head(title),
        element(
            "body",
            {},
            _header(run, now),
            element("main", {}, _graph_part(graph), _time_part(run, now), _details(run, spec)),
            element("script", {}, source("page.js")),
        ),
    )
    return f"<!doctype html>\n{written(document, 'html')}\n"


def _head(title: str) -> Element:
    digest = base64.b64encode(hashlib.sha256(source("page.js").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", {}, title),
        *(element("style", {}, source(f"{name}.css")) for name in ("colours", "graph", "page")),
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


def _graph_part(graph: Element) -> Element:
    buttons = [
        element("button", {"type": "button", "data-zoom": zoom, "title": title}, sign)
        for zoom, title, sign in (
            ("out", "Smaller", "\N{MINUS SIGN}"),
            ("in", "Larger", "+"),
            ("fit", "As wide as the window", "Fit"),
        )
    ]
    return element(
        "section",
        {"class": "picture", "aria-label": "Graph"},
        element(
            "div",
            {"class": "bar"},
            element("h2", {}, "Steps"),
            element("div", {"class": "zoom"}, *buttons),
        ),
        # A scrolling region must be reachable by keyboard.
        element("div", {"class": "scroll", "tabindex": "0"}, graph),
    )


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
