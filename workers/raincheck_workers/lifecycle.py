"""The worker's life: what happens at its start and end."""

import logging
import sys
from functools import cache
from typing import Any

import billiard
from celery import Celery, signals

from raincheck.deployment import current_deployment
from raincheck.materializers import preload
from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck.messaging.installed import consume_steps
from raincheck_contracts.errors import RaincheckError, SettingsError
from raincheck_contracts.messages import STEP_TASK_NAME
from raincheck_workers.intake.opening import open_intake
from raincheck_workers.intake.remote_control import restrict_remote_control
from raincheck_workers.liveness.identity import NodeIdentity
from raincheck_workers.liveness.pool_processes import PoolProcesses
from raincheck_workers.liveness.worker_node import WorkerNode, current_worker_node, set_worker_node
from raincheck_workers.start_check import check_server

_log = logging.getLogger(__name__)


@cache
def node_identity() -> NodeIdentity:
    """The identity of this worker; made in the main process, inherited by its children."""
    return NodeIdentity(lambda: getattr(billiard.current_process(), "index", None))


class Lifecycle:
    """Ties heartbeat and sweeper to the life of an application's worker.

    Args:
        app: the application.
        ours: whether it is our own, whose worker takes nothing but our tasks.
    """

    def __init__(self, app: Celery, *, ours: bool = False) -> None:
        self._app = app
        self._ours = ours

    def connect(self) -> None:
        """Listen to Celery's signals, for as long as the process lives."""
        signals.celeryd_init.connect(self._prepare, weak=False)
        signals.celeryd_after_setup.connect(self._before_fork, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.worker_shutting_down.connect(self._shutting_down, weak=False)
        signals.worker_shutdown.connect(self._shutdown, weak=False)
        signals.task_revoked.connect(self._revoked, weak=False)

    def _prepare(self, instance: Any, conf: Any, options: Any, **_: Any) -> None:
        if instance.app is not self._app:
            return
        try:
            if not {"json", "application/json"} & set(conf.accept_content):
                raise SettingsError("accept_content", "add 'json': messages of steps are JSON")
            check_server(current_deployment())
            # Their own tasks may be on any queue but the one that we name.
            exclusive = None if self._ours else {DEFAULT_QUEUE}
            open_intake(self._app, current_deployment(), exclusive)
        except RaincheckError as error:
            # Celery logs and forgets what a receiver raises, unless it ends the process.
            sys.stderr.write(f"error: {error}\n")
            sys.exit(2)
        if self._ours:
            restrict_remote_control()
        node_identity()  # before the fork, so that the children share it
        if options.get("task_events"):  # the processes of the pool shall know, too
            conf.worker_send_task_events = True
        consume_steps(self._app, select=not options.get("queues"))

    def _before_fork(self, instance: Any, **_: Any) -> None:
        if instance.app is self._app:
            preload()  # the pipelines are imported by now

    def _ready(self, sender: Any, **_: Any) -> None:
        if sender.app is not self._app:
            return
        pool = sender.controller.pool
        node = WorkerNode(self._app, current_deployment(), node_identity())
        children = None
        if "prefork" in type(pool).__module__:
            children = PoolProcesses(pool, sender.hub.call_soon)
        node.start(slots=pool.num_processes, children=children)
        set_worker_node(node)
        name = node_identity().current()
        _log.info("worker ready", extra={"action": "worker_ready", "node": name})

    def _shutting_down(self, **_: Any) -> None:
        node = current_worker_node()
        if node is not None:
            node.heartbeat.drain()

    def _shutdown(self, **_: Any) -> None:
        node = current_worker_node()
        if node is not None:
            set_worker_node(None)
            node.stop()

    def _revoked(self, sender: Any, request: Any, **_: Any) -> None:
        node = current_worker_node()
        run = getattr(request, "kwargs", {}).get("run")
        if node is not None and run and sender.name == STEP_TASK_NAME:
            node.heartbeat.report_revoked(str(run))
