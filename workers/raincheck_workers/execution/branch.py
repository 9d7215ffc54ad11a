"""Continuation: a task that completes a step goes on with one that this made ready."""

import time

from raincheck.index.replies import Message
from raincheck.messaging.hints import task_id
from raincheck.telemetry.tracing import continued_trace
from raincheck_contracts.messages import StepTask
from raincheck_contracts.pipelines import StepSpec
from raincheck_workers.execution.executor import Executor
from raincheck_workers.execution.outcomes import Outcome, Result

#: A message goes on for at most so many steps and seconds, so that a slot is not held
#: against steps of higher priority.
MAX_STEPS = 16
MAX_SECONDS = 10.0


def run_branch(executor: Executor, task: StepTask, celery_id: str) -> list[Outcome]:
    """Execute a delivery and then steps that it made ready.

    Args:
        executor: of this process.
        task: the message.
        celery_id: Celery's id of the delivery.

    Returns:
        The outcome of each step, in order.
    """
    end = time.monotonic() + MAX_SECONDS
    outcomes = [executor.execute(task, celery_id)]
    while True:
        last = outcomes[-1]
        following = None
        if len(outcomes) < MAX_STEPS and time.monotonic() < end:
            following = _choose(task, last)
        executor.send(message for message in last.messages if message is not following)
        if following is None:
            return outcomes
        task = _task(task, following)
        own_id = task_id(task.run, task.step.name, following.retries)
        executor.monitor.continued(task, own_id, celery_id)
        with continued_trace(following.trace):
            outcomes.append(executor.execute(task, own_id))


def _choose(task: StepTask, last: Outcome) -> Message | None:
    """The step to go on with: the first on the same queue; none after a failed try."""
    if last.result is not Result.SUCCEEDED or last.drain:
        return None
    queue = task.step.queue
    for message in last.messages:
        if StepSpec.model_validate_json(message.body).queue == queue:
            return message
    return None


def _task(task: StepTask, message: Message) -> StepTask:
    return StepTask(
        namespace=task.namespace,
        run=message.run,
        pipeline=message.pipeline,
        step=StepSpec.model_validate_json(message.body),
    )
