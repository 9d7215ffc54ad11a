"""Who watches deliveries: told what happens to each step while it happens."""

from collections.abc import Mapping
from typing import Protocol

from raincheck_contracts.artifacts import Binding
from raincheck_contracts.messages import StepTask
from raincheck_workers.execution.outcomes import Outcome


class Monitor(Protocol):
    """Shows deliveries to people. It returns at once and raises nothing."""

    def continued(self, task: StepTask, celery_id: str, after: str) -> None:
        """A step begins without a message of its own.

        Args:
            task: the step.
            celery_id: the id that its message would have had.
            after: Celery's id of the message with which it came.
        """

    def bound(self, task: StepTask, celery_id: str, bindings: Mapping[str, Binding]) -> None:
        """A step's references are bound, by the reference as written; its call comes next."""

    def ended(self, celery_id: str, outcome: Outcome) -> None:
        """A delivery has ended, of a step with or without a message of its own."""


class Unwatched:
    """Nobody watches."""

    def continued(self, task: StepTask, celery_id: str, after: str) -> None:
        """Say nothing."""

    def bound(self, task: StepTask, celery_id: str, bindings: Mapping[str, Binding]) -> None:
        """Say nothing."""

    def ended(self, celery_id: str, outcome: Outcome) -> None:
        """Say nothing."""
