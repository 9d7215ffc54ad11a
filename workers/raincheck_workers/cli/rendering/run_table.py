"""Runs as a table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from raincheck_contracts.runs import Run, StepState
from raincheck_workers.cli.rendering.states import state_text
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, took


def run_table(runs: Sequence[Run]) -> Table:
    """A line per run."""
    table = plain_table("run", "pipeline", "status", "queued", "took")
    for run in runs:
        table.add_row(
            run.id,
            Text(run.pipeline).append(f", fork of {run.fork.run}" if run.fork else "", style="dim"),
            state_text(run.status).append(_progress(run)),
            ago(run.submitted_at),
            took(run.submitted_at, run.ended_at),
        )
    return table


def _progress(run: Run) -> str:
    """Steps done of all, while that says more than the status."""
    if run.status.final:
        return ""
    done = sum(step.state is StepState.SUCCEEDED for step in run.steps)
    return f" {done}/{len(run.steps)}"
