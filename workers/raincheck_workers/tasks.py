"""The Celery tasks: parse, delegate, return data."""

from typing import Any

from celery import Celery, Task

from raincheck.deployment import current_deployment
from raincheck.telemetry.trace_text import trace_of
from raincheck.telemetry.tracing import continued_trace
from raincheck_contracts.errors import StepFailedError
from raincheck_contracts.messages import RUN_TASK_NAME, STEP_TASK_NAME, RunRequest, StepTask
from raincheck_workers.contract_check import check_contract
from raincheck_workers.execution.branch import run_branch
from raincheck_workers.monitoring.conclusion import conclude
from raincheck_workers.process import process_executor
from raincheck_workers.requested_run import check_namespace, submit_request

# What an application says of all its tasks is not meant for these: they are safe by the
# index, and no one asks Celery for their results.
_OPTIONS: dict[str, Any] = {
    "acks_late": False,
    "ignore_result": True,
    "rate_limit": 0,
    "reject_on_worker_lost": False,
    "retry_on_worker_lost": False,
    "serializer": "json",
    "shared": False,  # else every application of the process gets them
    "store_errors_even_if_ignored": False,
    "track_started": False,
}


def add_tasks(app: Celery) -> None:
    """Register the tasks with an application."""
    request = "raincheck_workers.requests:StepRequest"

    @app.task(
        name=STEP_TASK_NAME, bind=True, Request=request, throws=(StepFailedError,), **_OPTIONS
    )
    def run_step(self: Task[Any, Any], /, **body: Any) -> list[dict[str, object]]:
        executor = process_executor(self.app, self.request.hostname or "")
        check_contract(executor.deployment, body)
        task = StepTask.model_validate(body)
        check_namespace(executor.deployment, task.pipeline, task.namespace)
        with continued_trace(trace_of(vars(self.request))):
            outcomes = run_branch(executor, task, self.request.id or "")
        return conclude(task, outcomes)

    @app.task(name=RUN_TASK_NAME, bind=True, **_OPTIONS)
    def run_pipeline(self: Task[Any, Any], /, **body: Any) -> str:
        check_contract(current_deployment(), body)
        request = RunRequest.model_validate(body)
        with continued_trace(trace_of(vars(self.request))):
            return submit_request(current_deployment(), request, self.request.id or "")
