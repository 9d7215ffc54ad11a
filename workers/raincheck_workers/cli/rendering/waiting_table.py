"""Waiting steps as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from raincheck_contracts.runs import StepRun
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, left


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """A step that waits, and the pipeline that it belongs to."""

    pipeline: str
    step: StepRun

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"pipeline": self.pipeline, **self.step.model_dump(mode="json")}


def waiting_table(steps: Sequence[WaitingStep]) -> Table:
    """A line per missing reference; run and step are named once."""
    table = plain_table("run", "step", "waits for", "since", "time left")
    for waiting in steps:
        step = waiting.step
        run = Text(f"{step.run}\n{waiting.pipeline}")
        name, since = Text(step.step), "" if step.parked_at is None else ago(step.parked_at)
        for missing in step.missing:
            deadline = "" if missing.deadline is None else left(missing.deadline)
            table.add_row(run, name, Text(str(missing)), since, deadline)
            run, name, since = Text(), Text(), ""
    return table
