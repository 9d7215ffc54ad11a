"""Runs as records, for what only reads them."""

from collections.abc import Mapping
from typing import Any

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, RunStatus, StepRun, StepState

RUN = "r" * 32
BEGAN = 1_700_000_000_000  # milliseconds since the epoch


def recorded_run(
    spec: PipelineSpec, steps: Mapping[str, Mapping[str, Any]] | None = None, **fields: Any
) -> Run:
    """A run of a pipeline.

    Args:
        spec: the pipeline.
        steps: fields of steps; those left out are pending.
        fields: of the run.
    """
    given = steps or {}
    usual: dict[str, Any] = {
        "id": RUN,
        "pipeline": spec.name,
        "status": RunStatus.RUNNING,
        "submitted_at": BEGAN,
        "steps": tuple(_step_run(step.name, given.get(step.name, {})) for step in spec.steps),
    }
    return Run(**{**usual, **fields})


def _step_run(name: str, given: Mapping[str, Any]) -> StepRun:
    usual: dict[str, Any] = {"run": RUN, "step": name, "state": StepState.PENDING}
    return StepRun(**{**usual, **given})
