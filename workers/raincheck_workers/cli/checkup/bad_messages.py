"""The messages that workers have put aside."""

from collections.abc import Iterator

from raincheck.deployment import Deployment
from raincheck_workers.cli.rendering.words import ago
from raincheck_workers.fitness.check import Check, ok, warning


def message_checks(deployment: Deployment) -> Iterator[Check]:
    """Look at the bad messages.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    count = deployment.index.bad_messages.kept()
    if not count:
        yield ok("messages", "none was put aside")
        return
    newest = deployment.index.bad_messages.newest(1)[0]
    found = f"{count} bad, the last {ago(newest.at)}: {newest.reason}"
    yield warning(
        "messages", found, "See them, and ask who can write to the broker: raincheck messages bad"
    )
