"""Celery's request in the worker's main process: notices dead children and revocations."""

from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import Terminated, WorkerLostError
from celery.worker.request import Request
from typing_extensions import override

from raincheck_workers.worker_node import current_worker_node


class StepRequest(Request):
    """A request whose loss of its process is told to the index at once."""

    @override
    def on_failure(
        self,
        exc_info: ExceptionInfo,
        send_failed_event: bool = True,
        return_ok: bool = False,
    ) -> Any:
        """Give back the steps of a process that died, cancel the run of a killed task."""
        error = getattr(exc_info, "exception", None)
        node = current_worker_node()
        if node is not None and isinstance(error, Terminated):
            node.heartbeat.report_revoked(str(self.kwargs.get("run", "")))
        pid: Any = self.worker_pid
        if node is not None and pid and isinstance(error, Terminated | WorkerLostError):
            node.heartbeat.report_dead(int(pid))
        return super().on_failure(exc_info, send_failed_event, return_ok)
