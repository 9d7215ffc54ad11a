"""A deployment without a server: the index on fakeredis, the broker in this process."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from raincheck import Deployment, Settings
from raincheck.index import Index
from raincheck_contracts.messages import StepTask


@contextmanager
def local_deployment(home: Path, index: Index, **settings: Any) -> Generator[Deployment]:
    """A deployment whose messages stay in this process, where `sent` finds them.

    Args:
        home: folder of the blobs.
        index: on fakeredis.
        settings: more of `Settings`.
    """
    fields: dict[str, Any] = {"broker_url": "memory://", **settings}
    made = Settings(home=home, url="redis://fake", namespace=index.namespace, **fields)
    deployment = Deployment(made, index=index)
    sent(deployment)
    yield deployment
    deployment.hints.app.close()


def sent(deployment: Deployment, queue: str = "raincheck") -> list[StepTask]:
    """Take the messages out of a queue, in the order in which they were sent."""
    return [task for task, _ in delivered(deployment, queue)]


def delivered(
    deployment: Deployment, queue: str = "raincheck"
) -> list[tuple[StepTask, dict[str, object]]]:
    """As `sent`, each with the headers of its message."""
    taken: list[tuple[StepTask, dict[str, object]]] = []
    with deployment.hints.app.connection_for_write() as connection:
        messages: Any = connection.SimpleQueue(queue)
        while True:
            try:
                message = messages.get_nowait()
            except messages.Empty:
                messages.close()
                return taken
            message.ack()
            taken.append((StepTask.model_validate(message.payload[1]), message.headers))
