"""Celery's broker: does it answer, and is it the server of the index."""

from collections.abc import Iterator

from raincheck.deployment import Deployment
from raincheck.index.faults import redacted
from raincheck.messaging.broker import DEFAULT_QUEUE, broker_url, queue_length
from raincheck_workers.fitness.check import Check, ok, problem


def broker_checks(deployment: Deployment) -> Iterator[Check]:
    """Look at the broker."""
    given = deployment.settings.broker_url
    same = given is None or given == broker_url(deployment.index_url)
    url = redacted(given or broker_url(deployment.index_url))
    place = "the server of the index" if same else url
    if queue_length(deployment.hints.app, DEFAULT_QUEUE) is None:
        remedy = "Start it, or correct RAINCHECK_BROKER_URL; unset, the index's server is used"
        yield problem("broker", f"{place} takes no connection", remedy)
    else:
        yield ok("broker", f"{place} answers")
