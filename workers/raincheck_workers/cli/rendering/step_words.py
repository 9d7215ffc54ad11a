"""Why a step is where it is, in words."""

from raincheck_contracts.runs import StepRun, StepState


def why(step: StepRun) -> list[str]:
    """What the state of a step leaves open; nothing for one that succeeded."""
    match step.state:
        case StepState.WAITING:
            return [str(missing) for missing in step.missing]
        case StepState.FAILED if step.error is not None:
            return [f"{step.error.type}: {step.error.message}", *map(str, step.losses)]
        case StepState.RUNNING:
            return [f"attempt {step.attempt} on {step.node}"]
        case _:
            return [step.reason] if step.reason else []
