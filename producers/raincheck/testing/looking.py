"""What tests want to know of a run."""

import time

from raincheck.deployment import Deployment
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.runs import RunStatus


def wait_until_waiting(run: RunHandle, timeout: float = 10.0) -> str:
    """Wait until a run waits for what it refers to.

    Args:
        run: the handle.
        timeout: seconds.

    Returns:
        What it waits for, in words.

    Raises:
        TimeoutError: it does something else; says what.
    """
    end = time.monotonic() + timeout
    while run.status() is not RunStatus.WAITING:
        if time.monotonic() > end:
            raise TimeoutError(f"it does not wait after {timeout} s\n{run.why()}")
        time.sleep(0.005)
    return run.why()


def bound_to(run: RunHandle, step: str) -> dict[str, str]:
    """What the references of a step became.

    Args:
        run: the handle.
        step: name of the step.

    Returns:
        `artifact@version` by the reference as written, for example
        `{"trained_model?min=MSE": "trained_model@42"}`. Empty before the step is bound.

    Raises:
        LookupError: the run has no such step; says which it has.
    """
    steps = {item.step: item for item in run.run().steps}
    if step not in steps:
        raise LookupError(f"run {run.id} has no step {step!r}; it has {', '.join(steps)}")
    bindings = steps[step].bindings
    return {written: item.shown for written, item in bindings.items()}


def last_run(deployment: Deployment) -> RunHandle:
    """The run that was submitted last: of `pipeline()`, which returns no handle.

    Raises:
        LookupError: there is none.
    """
    runs = deployment.index.records.run_ids(100)
    if not runs:
        raise LookupError("nothing has run in this deployment")
    return RunHandle(max(runs), deployment)  # an id begins with the time
