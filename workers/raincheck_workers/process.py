"""The executor of one worker process, made at its first step: after the fork."""

import os
from functools import lru_cache

from celery import Celery, signals

from raincheck.deployment import current_deployment
from raincheck.messaging.hints import HintSender
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.execution.monitor import Monitor
from raincheck_workers.lifecycle import node_identity
from raincheck_workers.monitoring.event_sender import EventSender
from raincheck_workers.monitoring.step_events import StepEvents
from raincheck_workers.telemetry.attempts import listen


def process_executor(app: Celery, hostname: str) -> Executor:
    """The executor of this process; connections are opened after the fork, never before.

    Args:
        app: of the worker.
        hostname: Celery's name of the worker, for its monitors.
    """
    return _executor(app, hostname, os.getpid())


@lru_cache(maxsize=1)
def _executor(app: Celery, hostname: str, pid: int) -> Executor:
    deployment = current_deployment()
    listen(deployment.settings)
    hints = HintSender(app, deployment.settings.namespace)
    identity = node_identity()
    place = Place(identity.current, pid, identity.holdings)
    return Executor(deployment, hints, place, monitor=_monitor(app, hostname))


def _monitor(app: Celery, hostname: str) -> Monitor | None:
    if not app.conf.worker_send_task_events:
        return None
    sender = EventSender(app, hostname)
    sender.start()

    def stop(**_: object) -> None:
        sender.stop()

    # A child of a pool has the one signal, a pool in the main process the other.
    signals.worker_process_shutdown.connect(stop, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    return StepEvents(sender)
