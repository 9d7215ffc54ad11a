"""What the index holds, read when Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from raincheck.index import Index
from raincheck.index.replies import Figures
from raincheck_contracts.errors import IndexAccessError


class IndexCollector(Collector):
    """Figures of one namespace, the same from every worker.

    Args:
        index: over a connection that nothing else uses.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    @override
    def collect(self) -> Iterator[Metric]:
        try:
            figures = self._index.records.figures()
            subscriptions = self._index.subscriptions.figures()
        except IndexAccessError:
            yield self._gauge("index_up", "Whether the index answers.", 0)
            return
        yield self._gauge("index_up", "Whether the index answers.", 1)
        yield from self._figures(figures)
        there, lagging, behind = subscriptions
        yield self._gauge("subscriptions", "Subscriptions that are deployed.", there)
        lags = "Subscriptions that missed events and wait for somebody's choice."
        yield self._gauge("subscriptions_lagging", lags, lagging)
        late = "Subscriptions that catch up, and backfills that go on."
        yield self._gauge("subscriptions_behind", late, behind)

    def _figures(self, figures: Figures) -> Iterator[Metric]:
        yield self._gauge("waiting_steps", "Steps that wait for a reference.", figures.waiting)
        yield self._gauge("live_runs", "Runs that have not ended.", figures.live_runs)
        yield self._gauge("nodes", "Workers and inline runs that are registered.", figures.nodes)
        resent = "Hints sent again because the message was lost or is overdue."
        yield self._counter("hints_resent", resent, figures.resent)
        yield self._counter("bad_messages", "Messages that were put aside.", figures.bad)
        labels = ["namespace", "queue"]
        queued = GaugeMetricFamily(
            "raincheck_queued_steps", "Steps that are ready and not yet claimed.", labels=labels
        )
        age = GaugeMetricFamily(
            "raincheck_queue_age_seconds",
            "Time since the oldest step of a queue became ready.",
            labels=labels,
        )
        for queue in figures.queues:
            queued.add_metric([self._index.namespace, queue.queue], queue.steps)
            age.add_metric([self._index.namespace, queue.queue], queue.age)
        yield queued
        yield age

    def _gauge(self, name: str, text: str, value: int) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"raincheck_{name}", text, labels=["namespace"])
        gauge.add_metric([self._index.namespace], value)
        return gauge

    def _counter(self, name: str, text: str, value: int) -> CounterMetricFamily:
        counter = CounterMetricFamily(f"raincheck_{name}", text, labels=["namespace"])
        counter.add_metric([self._index.namespace], value)
        return counter
