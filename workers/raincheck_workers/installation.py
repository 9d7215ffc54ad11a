"""Adding steps to a Celery application: a user's own, or ours."""

from celery import Celery

from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck.messaging.installed import remember
from raincheck_workers.lifecycle import Lifecycle
from raincheck_workers.tasks import add_tasks
from raincheck_workers.telemetry.worker_telemetry import WorkerTelemetry


def install(app: Celery, *, queue: str = DEFAULT_QUEUE) -> None:
    """Let the workers of an application run steps beside its own tasks.

    Its settings are not changed, and may be made before or after. Processes that import
    it send the messages of steps to its broker; those of several installed applications
    to the broker of the last. Calling it again changes nothing.

    Args:
        app: the application.
        queue: its queue for the steps that name none. A worker without `-Q` consumes it
            too. Namespaces that share a broker need different ones.

    Raises:
        ArgumentError: it was installed before with another queue.
    """
    if remember(app, queue):
        attach(app)


def attach(app: Celery, *, ours: bool = False) -> None:
    """Register the tasks, and begin and end heartbeat, sweeper and metrics with its worker.

    Args:
        app: the application.
        ours: whether it is our own: its worker's log gets our form, and it takes nothing but
            our tasks.
    """
    add_tasks(app)
    Lifecycle(app, ours=ours).connect()
    WorkerTelemetry(app, shape_log=ours).connect()
