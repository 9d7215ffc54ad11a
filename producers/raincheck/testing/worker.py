"""A worker beside the test."""

from contextlib import AbstractContextManager
from importlib.metadata import entry_points

from raincheck.deployment import Deployment


def running_worker(deployment: Deployment) -> AbstractContextManager[None]:
    """A worker of one slot in a thread, for as long as the context lasts.

    It executes what this process has imported, as a worker's process does.

    Args:
        deployment: whose steps it executes.
    """
    (entry,) = entry_points(group="raincheck.executors", name="thread")
    started: AbstractContextManager[None] = entry.load()(deployment)
    return started
