"""What a log record of a delivery says beside its message."""

from raincheck_contracts.messages import StepTask


def log_fields(task: StepTask, action: str, detail: str) -> dict[str, object]:
    """The fields of a record.

    Args:
        task: the delivery.
        action: what was done, a constant.
        detail: more about it.
    """
    return {
        "action": action,
        "run": task.run,
        "pipeline": task.pipeline,
        "step": task.step.name,
        "detail": detail,
    }
