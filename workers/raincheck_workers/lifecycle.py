"""The worker's life: what happens at its start and end."""

import logging
from functools import cache
from typing import Any

import billiard.pool
from celery import Celery, signals

from raincheck.deployment import current_deployment
from raincheck.materializers import preload
from raincheck_workers.liveness.identity import NodeIdentity
from raincheck_workers.liveness.pool_processes import PoolProcesses
from raincheck_workers.liveness.worker_node import WorkerNode, current_worker_node, set_worker_node

_log = logging.getLogger(__name__)


@cache
def node_identity() -> NodeIdentity:
    """The identity of this worker; made in the main process, inherited by its children."""
    return NodeIdentity()


class Lifecycle:
    """Ties heartbeat and sweeper to the life of an application's worker.

    Args:
        app: the application.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def connect(self) -> None:
        """Listen to Celery's signals, for as long as the process lives."""
        signals.celeryd_init.connect(self._prepare, weak=False)
        signals.celeryd_after_setup.connect(self._before_fork, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.worker_shutting_down.connect(self._shutting_down, weak=False)
        signals.worker_shutdown.connect(self._shutdown, weak=False)
        signals.task_revoked.connect(self._revoked, weak=False)

    def _prepare(self, conf: Any, options: Any, **_: Any) -> None:
        node_identity()  # before the fork, so that the children share it
        pool = str((options or {}).get("pool") or conf.worker_pool)
        # On threads with early acknowledgement nothing wakes Celery's loop when a slot
        # frees: up to 20 times slower.
        conf.worker_disable_prefetch = "prefork" in pool
        # A child that ends waits until its last result was read, by default for 30 s, and
        # a main process that ends no longer reads. Our results are in the index already.
        billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # x 0.1 s

    def _before_fork(self, **_: Any) -> None:
        preload()  # the pipelines are imported by now

    def _ready(self, sender: Any, **_: Any) -> None:
        if sender.app is not self._app:
            return
        pool = sender.controller.pool
        node = WorkerNode(self._app, current_deployment(), node_identity())
        children = None
        if "prefork" in type(pool).__module__:
            children = PoolProcesses(pool, sender.hub.call_soon).living
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

    def _revoked(self, request: Any, **_: Any) -> None:
        node = current_worker_node()
        run = getattr(request, "kwargs", {}).get("run")
        if node is not None and run:
            node.heartbeat.report_revoked(str(run))
