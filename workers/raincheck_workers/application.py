"""The Celery application of a worker."""

from typing import Any

from celery import Celery

from raincheck.deployment import current_deployment
from raincheck.messaging.broker import celery_settings
from raincheck_workers.lifecycle import Lifecycle
from raincheck_workers.tasks import add_tasks
from raincheck_workers.telemetry.worker_telemetry import WorkerTelemetry


def create_app() -> Celery:
    """An application that runs steps.

    Its settings are read when they are first needed: importing it starts no server.
    """
    app = Celery("raincheck_workers")
    app.add_defaults(_worker_settings)
    add_tasks(app)
    Lifecycle(app).connect()
    WorkerTelemetry(app).connect()
    return app


def _worker_settings() -> dict[str, Any]:
    deployment = current_deployment()
    return {
        **celery_settings(deployment.settings, deployment.index_url),
        "include": deployment.settings.imports,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 1_000,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
