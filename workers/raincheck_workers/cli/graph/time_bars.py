"""When each step waited and ran, as bars."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.rendering.words import span

_PARTS = 4  # of the scale


def time_bars(run: Run, now: int) -> Element:
    """A row per step that has begun, in the order in which they did.

    Args:
        run: as recorded.
        now: milliseconds since the epoch, where the bars of what goes on end.
    """
    end = max(run.ended_at or now, run.submitted_at + 1)
    begun = sorted((_began(step), step.step) for step in run.steps if _began(step) is not None)
    if not begun:
        return element("p", {"class": "quiet"}, "No step has begun.")
    steps = {step.step: step for step in run.steps}
    scale = _Scale(run.submitted_at, end)
    return element(
        "div",
        {"class": "bars"},
        *(_row(steps[name], scale) for _, name in begun),
        _axis(scale),
    )


class _Scale:
    """From moments to percent of the width."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last

    def percent(self, moment: int) -> float:
        inside = min(max(moment, self.first), self.last)
        return 100 * (inside - self.first) / (self.last - self.first)

    def bar(self, kind: str, begin: int, end: int | None) -> Element:
        last = self.last if end is None else end
        left = self.percent(begin)
        style = f"left:min({left:.3f}%,100% - 3px);width:{self.percent(last) - left:.3f}%"
        return element("i", {"class": kind, "style": style})


def _began(step: StepRun) -> int | None:
    moments = [at for at in (step.parked_at, step.started_at) if at is not None]
    return min(moments, default=None)


def _row(step: StepRun, scale: _Scale) -> Element:
    words = "; ".join(_words(step, scale))
    return element(
        "a",
        {"class": f"row {step.state}", "href": f"#step-{step.step}", "title": words},
        element("span", {"class": "name"}, step.step),
        element(
            "span", {"class": "track", "role": "img", "aria-label": words}, *_bars(step, scale)
        ),
    )


def _bars(step: StepRun, scale: _Scale) -> Iterator[Element]:
    if step.parked_at is not None:
        yield scale.bar("waited", step.parked_at, step.started_at or step.ended_at)
    if step.started_at is not None and _has_end(step):
        yield scale.bar("ran", step.started_at, step.ended_at)


def _has_end(step: StepRun) -> bool:
    """Whether the bar ends at its end or now; an attempt that failed left no end."""
    return step.ended_at is not None or step.state is StepState.RUNNING


def _words(step: StepRun, scale: _Scale) -> Iterator[str]:
    if step.parked_at is not None:
        until = step.started_at or step.ended_at or scale.last
        yield f"waited {span((until - step.parked_at) / 1000)}"
    if step.started_at is not None and _has_end(step):
        ended = step.ended_at or scale.last
        yield f"ran {span((ended - step.started_at) / 1000)}"


def _axis(scale: _Scale) -> Element:
    length = (scale.last - scale.first) / 1000
    marks = [
        element("span", {}, span(length * part / _PARTS) if part else "0")
        for part in range(_PARTS + 1)
    ]
    return element("div", {"class": "axis", "aria-hidden": "true"}, *marks)
