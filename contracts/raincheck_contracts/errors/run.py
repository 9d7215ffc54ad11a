"""Errors: a run did not give its result."""

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError
from raincheck_contracts.runs import ErrorInfo


class RunError(RaincheckError):
    """A run did not give its result."""


class StepFailedError(RunError):
    """A step of the run failed."""

    def __init__(self, run: str, step: str, error: ErrorInfo) -> None:
        super().__init__(run, step, error)
        self.run = run
        self.step = step
        self.error = error

    @override
    def __str__(self) -> str:
        return (
            f"step {self.step!r} of run {self.run} failed: {self.error.type}: {self.error.message}"
        )


class RunCancelledError(RunError):
    """The run was cancelled."""

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(run, reason)
        self.run = run
        self.reason = reason

    @override
    def __str__(self) -> str:
        return f"run {self.run} was cancelled: {self.reason}"


class RunExpiredError(RunCancelledError):
    """The run had not started when its `expires` passed."""

    @override
    def __str__(self) -> str:
        return f"run {self.run} {self.reason}; queue it again, with a later expires="
