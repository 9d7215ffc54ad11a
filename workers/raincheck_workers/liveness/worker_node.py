"""A worker's presence in the index: identity, heartbeat, sweeper."""

from celery import Celery

from raincheck.deployment import Deployment
from raincheck.messaging.broker import queue_length
from raincheck.messaging.hints import HintSender
from raincheck.messaging.installed import celery_queue
from raincheck_workers.liveness.heartbeat import Children, Heartbeat
from raincheck_workers.liveness.identity import NodeIdentity
from raincheck_workers.liveness.lost_attempts import LostAttempts
from raincheck_workers.liveness.sweeper import Sweeper

# The lease of a pool whose steps run in the beating process: a call into C that holds
# the interpreter's lock must not pass for death.
_SHARED_PROCESS_LEASE = 60.0


class WorkerNode:
    """What a worker's main process does beside running Celery.

    Args:
        app: the Celery application of the worker.
        deployment: index and settings.
        identity: shared with the children.
    """

    def __init__(self, app: Celery, deployment: Deployment, identity: NodeIdentity) -> None:
        self.identity = identity
        self._app = app
        self._deployment = deployment
        self._heartbeat: Heartbeat | None = None
        self._sweeper: Sweeper | None = None
        self._lost: LostAttempts | None = None

    @property
    def heartbeat(self) -> Heartbeat:
        """The heartbeat of the started node."""
        if self._heartbeat is None:
            raise RuntimeError("the node is not started")
        return self._heartbeat

    def start(self, *, slots: int, children: Children | None) -> None:
        """Register and start the threads; after the pool has forked.

        Args:
            slots: steps that the pool runs at once.
            children: the pool's processes; None when steps run in this one.

        Raises:
            IndexUnavailableError: the index does not answer.
        """
        settings = self._deployment.settings
        lease = settings.lease
        if children is None:
            lease = max(lease, _SHARED_PROCESS_LEASE)
        hints = HintSender(self._app, settings.namespace)
        self._heartbeat = Heartbeat(
            self._deployment.separate_index(),
            self.identity,
            lease,
            hints,
            children=children,
            grace=settings.shutdown_grace,
        )
        if children is not None and settings.openlineage:
            self._lost = LostAttempts(settings)
            self._heartbeat.gone = self._lost.tell
        self._heartbeat.register()
        self._heartbeat.start()
        self._sweeper = Sweeper(self._deployment.separate_index(), hints, slots, self._length)
        self._sweeper.start()

    def stop(self) -> None:
        """End the threads and take leave of the index."""
        if self._sweeper is not None:
            self._sweeper.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._lost is not None:
            self._lost.stop()

    def _length(self, queue: str) -> int | None:
        return queue_length(self._app, celery_queue(self._app, queue))


_current: list[WorkerNode] = []


def current_worker_node() -> WorkerNode | None:
    """The node of this process's worker, while it runs."""
    return _current[-1] if _current else None


def set_worker_node(node: WorkerNode | None) -> None:
    """Make a node this process's, or none."""
    _current.clear()
    if node is not None:
        _current.append(node)
