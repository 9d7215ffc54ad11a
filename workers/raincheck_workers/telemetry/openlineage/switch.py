"""The one listener of a process, and its end."""

import atexit
import os
from functools import lru_cache

from celery import signals
from openlineage.client import OpenLineageClient

from raincheck_workers.telemetry.openlineage.event_thread import EventThread
from raincheck_workers.telemetry.openlineage.listener import OpenLineageListener

#: Seconds for which a process that ends waits until its events are sent.
_PATIENCE = 3.0


def openlineage_listener() -> OpenLineageListener:
    """The listener of this process; its thread is started at the first call, after the fork.

    Raises:
        Exception: the client cannot be set up with what its own settings say.
    """
    return _listener(os.getpid())


@lru_cache(maxsize=1)
def _listener(pid: int) -> OpenLineageListener:
    thread = EventThread(OpenLineageClient())
    thread.start()

    def stop(**_: object) -> None:
        if os.getpid() == pid:  # a child inherits this, and its own listener stops itself
            thread.stop(_PATIENCE)

    # A child of a pool has the first signal, a pool in the main process the second, a process
    # that runs pipelines inline neither.
    signals.worker_process_shutdown.connect(stop, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    atexit.register(stop)
    return OpenLineageListener(thread)
