"""Errors: a process that was started does not do its work."""

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError


class WorkerProcessError(RaincheckError):
    """A worker process ended, or does not do what it was started for."""

    def __init__(self, problem: str, log: str) -> None:
        super().__init__(problem, log)
        self.problem = problem
        self.log = log

    @override
    def __str__(self) -> str:
        return f"{self.problem}; see its log {self.log}"
