"""A run in words: what each step does, waits for, or failed of."""

from raincheck.index import Index
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReference, Run, StepRun, StepState


def with_present_misses(index: Index, run: Run) -> Run:
    """A run whose waiting steps miss what they miss now.

    A record holds what was missing when the step was last looked at. A waiting step is
    looked at again when the first of its misses may have ended, not at each change.

    Args:
        index: that holds the run.
        run: as recorded.

    Returns:
        The run with the reasons of this moment.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    if all(step.state is not StepState.WAITING for step in run.steps):
        return run
    steps = tuple(
        step.model_copy(update={"missing": _missing_now(index, step)})
        if step.state is StepState.WAITING
        else step
        for step in run.steps
    )
    return run.model_copy(update={"steps": steps})


def _missing_now(index: Index, step: StepRun) -> tuple[MissingReference, ...]:
    references = [parse_reference(item.reference) for item in step.missing]
    answers = index.versions.resolve(references).answers
    return tuple(
        answer.model_copy(update={"deadline": recorded.deadline})
        for recorded, answer in zip(step.missing, answers, strict=True)
        if isinstance(answer, MissingReference)
    )


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
            waits = [f"waits for {missing}" for missing in step.missing]
            return waits or ["has what it waited for and is about to start"]
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
