"""The workers: which live, what they serve, and the queues that nobody serves."""

import time
from collections.abc import Iterator, Mapping

from raincheck.deployment import Deployment
from raincheck.index.node_records import TICKS_PER_SECOND, read_nodes
from raincheck.messaging.broker import DEFAULT_QUEUE, queue_length
from raincheck.messaging.served_queues import served_queues
from raincheck_workers.fitness.check import Check, ok, problem, warning

_BEATS = 1.5  # seconds in which a living node beats and the tick goes on


def worker_checks(deployment: Deployment, *, broker_answers: bool) -> Iterator[Check]:
    """Look at nodes and queues.

    Args:
        deployment: whose workers.
        broker_answers: without it nobody can be asked for queues.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    before = _beats(deployment)
    began = time.monotonic()
    served = served_queues(deployment.hints.app) if broker_answers else None
    if before:
        time.sleep(max(0.0, _BEATS - (time.monotonic() - began)))
    yield from _nodes(deployment, before)
    if served is not None:
        yield from _queues(deployment, served)


def _beats(deployment: Deployment) -> dict[str, int]:
    _, nodes = read_nodes(deployment.index.connection)
    return {node.node: node.last_beat for node in nodes}


def _nodes(deployment: Deployment, before: Mapping[str, int]) -> Iterator[Check]:
    tick, nodes = read_nodes(deployment.index.connection)
    if not nodes:
        found = "no worker is registered"
        yield warning(
            "workers", found, "Start one: raincheck worker MODULE, or raincheck dev MODULE"
        )
    for node in nodes:
        if node.last_beat > before.get(node.node, -1):
            yield ok("workers", f"{node.node} lives")
            continue
        silent = (tick - node.last_beat) / TICKS_PER_SECOND
        found = f"{node.node} is silent, for {silent:g} s of other workers' time"
        yield warning("workers", found, "Others take over its steps when its lease has ended")


def _queues(deployment: Deployment, served: Mapping[str, list[str]]) -> Iterator[Check]:
    for queue in sorted({*deployment.index.records.queues(), *served}):
        workers = served.get(queue, [])
        length = queue_length(deployment.hints.app, queue) or 0
        found = f"{queue}: {length} queued, "
        if workers:
            yield ok("queues", found + "served by " + ", ".join(workers))
        elif length:
            option = "" if queue == DEFAULT_QUEUE else f" -Q {queue}"
            remedy = f"Start one: raincheck worker MODULE{option}"
            yield problem("queues", found + "no worker serves it", remedy)
        else:
            yield ok("queues", found + "no worker answers for it")
