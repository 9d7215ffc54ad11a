"""A run in words: what each step does, waits for, or failed of."""

from raincheck_contracts.runs import Run, StepRun, StepState


def explain(run: Run) -> str:
    """Why a run is where it is.

    Returns:
        A line for the run and one per step that waits, runs, was given back or failed.
    """
    lines = [f"run {run.id} of {run.pipeline}: {run.status}"]
    if run.reason:
        lines[0] += f" ({run.reason})"
    for step in run.steps:
        lines += [f"  {step.step}: {line}" for line in _step_lines(step)]
    return "\n".join(lines)


def _step_lines(step: StepRun) -> list[str]:
    match step.state:
        case StepState.WAITING:
            return [f"waits for {missing}" for missing in step.missing]
        case StepState.RUNNING:
            return [f"runs on {step.node}, attempt {step.attempt}"]
        case StepState.FAILED:
            error = step.error
            return [f"failed: {error.type}: {error.message}" if error else "failed"]
        case StepState.QUEUED:
            again = f", attempt {step.attempt} failed" if step.attempt else ""
            return [step.reason or f"is ready and waits for a worker{again}"]
        case StepState.SKIPPED:
            return [f"skipped: {step.reason}"] if step.reason else ["skipped"]
        case _:
            return []
