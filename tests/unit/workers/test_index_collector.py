"""The index in the words of Prometheus."""

from prometheus_client import CollectorRegistry

from raincheck.index import Connection, Index
from raincheck_workers.telemetry.index_collector import IndexCollector
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.servers import fake_index
from tests.support.subscribing import advance, subscribe


def _registry(index: Index) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(IndexCollector(index))
    return registry


def test_the_figures_have_the_names_of_namespace_and_queue() -> None:
    """No run and no version is a label."""
    index = fake_index()
    driver = Driver(index)
    driver.submit(pipeline(step("a"), step("b", queue="gpu")))
    driver.parked(driver.submit(pipeline(step("a", "model"))), "a")
    registry, labels = _registry(index), {"namespace": index.namespace}
    assert registry.get_sample_value("raincheck_index_up", labels) == 1
    assert registry.get_sample_value("raincheck_waiting_steps", labels) == 1
    assert registry.get_sample_value("raincheck_live_runs", labels) == 2
    assert registry.get_sample_value("raincheck_nodes", labels) == 1
    assert registry.get_sample_value("raincheck_hints_resent_total", labels) == 0
    assert registry.get_sample_value("raincheck_subscriptions_lagging", labels) == 0
    for queue in ("raincheck", "gpu"):
        named = {**labels, "queue": queue}
        assert registry.get_sample_value("raincheck_queued_steps", named) == 1
        age = registry.get_sample_value("raincheck_queue_age_seconds", named)
        assert age is not None
        assert age >= 0


def test_subscriptions_that_lag_are_counted() -> None:
    """Until somebody chooses how they go on."""
    index = fake_index()
    subscribe(index)
    index.subscriptions.pause("sub", "")
    for _ in range(3):
        Driver(index).publish("model")
    advance(index)
    index.runs.trim(most_events=1)
    index.subscriptions.resume("sub")
    registry, labels = _registry(index), {"namespace": index.namespace}
    assert registry.get_sample_value("raincheck_subscriptions_behind", labels) == 1
    advance(index)
    assert registry.get_sample_value("raincheck_subscriptions_lagging", labels) == 1
    assert registry.get_sample_value("raincheck_subscriptions", labels) == 1
    index.subscriptions.resume("sub", skip_gap=True)
    assert registry.get_sample_value("raincheck_subscriptions_lagging", labels) == 0


def test_an_index_that_is_away_is_a_figure_and_no_error() -> None:
    """The rest of the scrape is not lost with it."""
    index = Index(Connection("redis://127.0.0.1:1/0", "away"))
    (family,) = _registry(index).collect()
    (sample,) = family.samples
    assert (sample.name, sample.value) == ("raincheck_index_up", 0)
