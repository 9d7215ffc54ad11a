"""Why a step is where it is, in words."""

from raincheck.messaging.descriptions import awaited_words, reused_words
from raincheck_contracts.runs import StepRun, StepState


def why(step: StepRun) -> list[str]:
    """What the state of a step leaves open; nothing for one that computed and succeeded."""
    match step.state:
        case StepState.WAITING if step.awaits is not None:
            return [awaited_words(step.awaits)]
        case StepState.SUCCEEDED if step.cached_from is not None:
            return [reused_words(step.cached_from)]
        case StepState.WAITING:
            return [str(missing) for missing in step.missing]
        case StepState.FAILED if step.error is not None:
            return [f"{step.error.type}: {step.error.message}", *map(str, step.losses)]
        case StepState.RUNNING:
            return [f"attempt {step.attempt} on {step.node}"]
        case _:
            return [step.reason] if step.reason else []
