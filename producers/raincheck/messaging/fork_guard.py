"""Keeping forks and sends apart.

A worker's main process sends from threads (heartbeat, sweeper) and forks its pool's
processes. A child that is forked while a thread holds a lock of Celery or kombu inherits
it locked, for ever, and hangs at its first own send. So a fork waits for the send that is
under way, and a send for the fork.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

# The forking thread takes it in the parent and releases it on both sides.
_apart = threading.RLock()
os.register_at_fork(
    before=_apart.acquire,
    after_in_parent=_apart.release,
    after_in_child=_apart.release,
)


@contextmanager
def not_while_forking() -> Generator[None]:
    """No fork of this process happens in this context; one context at a time."""
    with _apart:
        yield
