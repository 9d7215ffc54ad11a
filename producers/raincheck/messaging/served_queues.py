"""Asking the workers which queues they serve."""

from celery import Celery
from kombu.exceptions import OperationalError

from raincheck.messaging.fork_guard import not_while_forking

_PATIENCE = 1.0  # seconds for the workers to answer


def served_queues(app: Celery) -> dict[str, list[str]] | None:
    """The queues that some worker serves, by name.

    A worker that answers nothing within a second, say a busy one of the pool `solo`, is
    not counted.

    Args:
        app: of the broker.

    Returns:
        Celery's names of the workers of each; None when the broker does not answer.
    """
    connection = app.connection_for_read()
    with not_while_forking(), connection:
        try:
            connection.connect()  # one try: whoever asks will ask again
            inspect = app.control.inspect(timeout=_PATIENCE, connection=connection)
            replies = inspect.active_queues() or {}
        except OperationalError:
            return None
        except connection.connection_errors:
            return None
    served: dict[str, list[str]] = {}
    for worker, queues in sorted(replies.items()):
        for queue in queues:
            served.setdefault(str(queue["name"]), []).append(worker)
    return served
