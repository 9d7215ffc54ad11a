"""The remote commands that a worker of our own application obeys.

Whoever reaches the broker can send them. Those that end a worker, change its pool, queues or
limits, or measure it at a cost are left to whoever starts workers.
"""

from celery.worker.control import Panel

_OBEYED = {"disable_events", "enable_events", "election", "heartbeat", "revoke", "terminate"}
_COSTLY = {"memdump", "memsample", "objgraph"}


def restrict_remote_control() -> None:
    """Forget all other commands, in this process; questions are answered."""
    for name, command in Panel.meta.items():
        if command.type == "inspect" and name not in _COSTLY:
            continue
        if name not in _OBEYED:
            Panel.data.pop(name, None)
