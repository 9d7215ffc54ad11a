"""A worker in a thread of this process: for tests, without Celery's own worker.

Celery's worker takes over signals, logging and the current application of its process.
"""

import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from typing_extensions import override

from raincheck.deployment import Deployment
from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck_contracts.messages import StepTask
from raincheck_workers.execution.branch import run_branch
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.liveness.identity import NodeIdentity
from raincheck_workers.liveness.worker_node import WorkerNode
from raincheck_workers.telemetry.attempts import listen

_log = logging.getLogger(__name__)

_POLL = 0.02
# Seconds that the step under way may still take when the worker ends.
_PATIENCE = 30.0


@contextmanager
def worker_thread(deployment: Deployment) -> Generator[None]:
    """A worker of one slot with heartbeat and sweeper, for as long as the context lasts.

    Raises:
        SettingsError: OpenLineage is wanted and not installed.
        TimeoutError: at the end a step still runs; a thread cannot be killed.
    """
    listen(deployment.settings)
    node = WorkerNode(deployment.hints.app, deployment, NodeIdentity())
    node.start(slots=1, children=None)
    consumer = _Consumer(deployment, node.identity)
    consumer.start()
    try:
        yield
    finally:
        consumer.ended.set()
        consumer.join(_PATIENCE)
        node.stop()
    if consumer.is_alive():
        raise TimeoutError(f"a step still runs {_PATIENCE:g} s after the end of its worker")


class _Consumer(threading.Thread):
    """Takes the messages of all queues of the index and executes them, one by one."""

    def __init__(self, deployment: Deployment, identity: NodeIdentity) -> None:
        super().__init__(name="raincheck-worker", daemon=True)
        self.ended = threading.Event()
        self._deployment = deployment
        place = Place(identity.current, os.getpid(), identity.holdings)
        self._executor = Executor(deployment, deployment.hints, place)

    @override
    def run(self) -> None:
        app, known = self._deployment.hints.app, set[str]()
        with app.connection_for_read() as connection:
            consumer: Any = connection.Consumer(on_message=self._take, accept=["json"])
            consumer.qos(prefetch_count=1)
            while not self.ended.is_set():
                for name in {DEFAULT_QUEUE, *self._deployment.index.records.queues()} - known:
                    consumer.add_queue(app.amqp.queues[name])
                    consumer.consume()
                    known.add(name)
                with suppress(TimeoutError):
                    connection.drain_events(timeout=_POLL)

    def _take(self, message: Any) -> None:
        message.ack()
        try:
            _, body, _ = message.decode()
            run_branch(self._executor, StepTask.model_validate(body), message.headers["id"])
        except Exception:  # noqa: BLE001 - the next message may be better
            _log.exception("message not executed", extra={"action": "message_not_executed"})
