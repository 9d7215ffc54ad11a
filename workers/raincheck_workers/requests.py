"""Celery's request in the worker's main process: notices lost steps and revocations."""

from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import Terminated, WorkerLostError
from celery.worker.request import Request
from typing_extensions import override

from raincheck_contracts.errors import StepFailedError
from raincheck_workers.liveness.worker_node import current_worker_node


class StepRequest(Request):
    """A request whose loss of its process is told to the index at once."""

    @override
    def on_failure(
        self,
        exc_info: ExceptionInfo,
        send_failed_event: bool = True,
        return_ok: bool = False,
    ) -> Any:
        """Give back the steps of a process that died.

        The run of a task that was killed by hand is cancelled.
        """
        error: Any = exc_info.exception
        error = getattr(error, "exc", error)  # billiard wraps it to carry its traceback
        node = current_worker_node()
        if node is not None and isinstance(error, Terminated):
            node.heartbeat.report_revoked(str(self.kwargs.get("run", "")))
        pid: Any = self.worker_pid
        lost = isinstance(error, Terminated | WorkerLostError)
        if node is not None and pid and lost:
            node.heartbeat.report_dead(int(pid))
        if isinstance(error, StepFailedError):
            # Monitors show the step's own traceback, not that of the task which reports it.
            exc_info.traceback = error.error.traceback
        worker_lost = isinstance(error, WorkerLostError)
        result = super().on_failure(exc_info, send_failed_event and not worker_lost, return_ok)
        if worker_lost:  # the step is queued again under the same id: it has not failed
            self.send_event("task-retried", exception=repr(error), traceback="")
        return result
