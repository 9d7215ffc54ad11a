"""Waiting steps, each with what it misses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.messaging.descriptions import awaited_words
from raincheck_contracts.runs import MissingReference, StepRun
from raincheck_workers.cli.rendering.words import left, passed


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """A step that waits, and the pipeline that it belongs to."""

    pipeline: str
    step: StepRun

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"pipeline": self.pipeline, **self.step.model_dump(mode="json")}


def waiting_list(steps: Sequence[WaitingStep]) -> RenderableType:
    """A line per step and one per missing reference."""
    return Group(*(line for step in steps for line in _lines(step)))


def _lines(waiting: WaitingStep) -> Iterator[RenderableType]:
    step = waiting.step
    if step.reason:  # it was given back
        yield Text(step.step, style="bold").append(
            f" of {waiting.pipeline}, run {step.run}, waits for a worker", style="default not bold"
        )
        yield Padding(Text(step.reason), (0, 0, 0, 2), expand=False)
        return
    if step.awaits is not None:
        yield Text(step.step, style="bold").append(
            f" of {waiting.pipeline}, run {step.run}, {awaited_words(step.awaits)}",
            style="default not bold",
        )
        return
    since = "" if step.parked_at is None else f" {passed(step.parked_at)}"
    yield Text(step.step, style="bold").append(
        f" of {waiting.pipeline}, run {step.run}, has waited{since} for", style="default not bold"
    )
    for missing in step.missing:
        text = Text(str(missing)).append(_left(missing), style="dim")
        yield Padding(text, (0, 0, 0, 2), expand=False)


def _left(missing: MissingReference) -> str:
    return "" if missing.deadline is None else f" ({left(missing.deadline)} left)"
