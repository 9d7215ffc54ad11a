"""The state in which Celery records a step's message."""

from celery.exceptions import Ignore, Retry

from raincheck_contracts.errors import StepFailedError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import ErrorInfo
from raincheck_workers.execution.outcomes import Outcome, Result


def conclude(task: StepTask, outcomes: list[Outcome]) -> list[dict[str, object]]:
    """End a message as its step ended: what went on after it is shown for itself.

    Args:
        task: the message.
        outcomes: of its step and of those that it went on with.

    Returns:
        Celery's result of a step that succeeded.

    Raises:
        StepFailedError: FAILURE; the index holds the error with its traceback.
        Retry: RETRY; the index sends the next message.
        Ignore: no state of Celery's: the step waits, or the message was stale.
    """
    first = outcomes[0]
    match first.result:
        case Result.SUCCEEDED:
            return [outcome.summary() for outcome in outcomes]
        case Result.FAILED:
            raise _failure(task, first)
        case Result.RETRY:
            raise Retry(first.detail, exc=_failure(task, first))
        case _:
            raise Ignore(first.detail)


def _failure(task: StepTask, outcome: Outcome) -> StepFailedError:
    unresolved = ErrorInfo(type="raincheck.Unresolved", message=outcome.detail)
    return StepFailedError(task.run, outcome.step, outcome.error or unresolved)
