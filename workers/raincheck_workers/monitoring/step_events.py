"""Steps as Celery events: monitors show each step as a task, and what it was bound to.

Celery's worker tells of each message that it was received, started and ended. Told here in
addition: that a step waits, what a step was bound to, and the steps that a message went on
with. The states WAITING, MATERIALIZED and DECLINED are custom states of Celery's: above
STARTED, below SUCCESS and FAILURE.
"""

import time
from collections.abc import Mapping

from raincheck.messaging.descriptions import describe_step
from raincheck.messaging.hints import task_name
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.messages import StepTask
from raincheck_workers.execution.outcomes import Outcome, Result
from raincheck_workers.monitoring.event_sender import EventSender

#: Characters of a text; Celery cuts its own at as many.
LIMIT = 1_024


class StepEvents:
    """Tells monitors what steps do: a `Monitor`.

    Args:
        sender: takes the events.
    """

    def __init__(self, sender: EventSender) -> None:
        self._sender = sender
        # Steps without a message of their own, by Celery's id: when each began.
        self._continued: dict[str, float] = {}

    def continued(self, task: StepTask, celery_id: str, after: str) -> None:
        """Show a step that has no message of its own."""
        self._continued[celery_id] = time.monotonic()
        self._sender.add(
            "task-received",
            uuid=celery_id,
            name=task_name(task.pipeline, task.step.name),
            args=_cut(describe_step(task.step)),
            kwargs=f"{task.pipeline} {task.run}",
            retries=0,
            parent_id=after,
            root_id=after,
        )
        self._sender.add("task-started", uuid=celery_id)

    def bound(self, task: StepTask, celery_id: str, bindings: Mapping[str, Binding]) -> None:
        """Show the versions; for a step without references there is nothing to show."""
        if bindings:
            words = _cut(describe_step(task.step, bindings))
            self._sender.add("task-materialized", uuid=celery_id, kwargs=words)

    def ended(self, celery_id: str, outcome: Outcome) -> None:
        """Show a wait; and the end of a step of which Celery does not know."""
        began = self._continued.pop(celery_id, None)
        match outcome.result:
            case Result.PARKED | Result.DECLINED:
                words = _cut(outcome.detail)
                kind = "waiting" if outcome.result is Result.PARKED else "declined"
                self._sender.add(f"task-{kind}", soon=True, uuid=celery_id, kwargs=words)
            case Result.SUCCEEDED if began is not None:
                runtime = time.monotonic() - began
                words = _cut(str([outcome.summary()]))
                self._sender.add("task-succeeded", uuid=celery_id, result=words, runtime=runtime)
            case Result.FAILED | Result.RETRY if began is not None:
                kind = "failed" if outcome.result is Result.FAILED else "retried"
                self._sender.add(
                    f"task-{kind}",
                    uuid=celery_id,
                    exception=_cut(outcome.detail),
                    traceback=outcome.error.traceback if outcome.error else "",
                )
            case _:
                pass


def _cut(text: str) -> str:
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
