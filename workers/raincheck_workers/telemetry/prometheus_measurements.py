"""A worker's figures in prometheus_client, over all processes of its pool."""

import billiard
import prometheus_client.values
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from typing_extensions import override

from raincheck.settings import set_variable
from raincheck_workers.telemetry.measurements import Measurements

_BINDING_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
_MATERIALIZATION_BUCKETS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30)
_DURATION_BUCKETS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200)


def share_values(folder: str) -> None:
    """Have prometheus_client keep values in files of a folder, before the pool forks.

    A file belongs to a slot of the pool and not to a process: a process that takes the
    slot of another counts on from where that one ended, so files are as few as slots.
    """
    set_variable("PROMETHEUS_MULTIPROC_DIR", folder)
    # What the library does itself when the variable is set before its first import.
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(_slot)  # type: ignore[no-untyped-call] # the library's


def _slot() -> str:
    return str(getattr(billiard.current_process(), "index", "main"))


def shared_registry(folder: str) -> CollectorRegistry:
    """Gives what the files of a folder hold, added up."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call] # the library's
    return registry


class PrometheusMeasurements(Measurements):
    """Counts in files; made after `share_values`."""

    def __init__(self) -> None:
        # In no registry of this process: what is served is read from the files.
        self._binding = Histogram(
            "raincheck_binding_seconds",
            "Time of a claim, which binds a step's references.",
            buckets=_BINDING_BUCKETS,
            registry=None,
        )
        self._materialization = Histogram(
            "raincheck_materialization_seconds",
            "Time to make a value of a version, from the store or the process's cache.",
            ["materializer"],
            buckets=_MATERIALIZATION_BUCKETS,
            registry=None,
        )
        self._materialized = Counter(
            "raincheck_materialized_bytes",
            "Bytes of the versions that became inputs of steps.",
            registry=None,
        )
        self._published = Counter(
            "raincheck_published_bytes",
            "Bytes of the versions that steps published.",
            registry=None,
        )
        self._outcomes = Counter(
            "raincheck_step_outcomes",
            "Deliveries of a step by what became of them.",
            ["pipeline", "step", "result"],
            registry=None,
        )
        self._duration = Histogram(
            "raincheck_step_duration_seconds",
            "Time of an attempt, from its claim to its end.",
            ["pipeline", "step"],
            buckets=_DURATION_BUCKETS,
            registry=None,
        )

    @override
    def bound(self, seconds: float) -> None:
        self._binding.observe(seconds)

    @override
    def materialized(self, materializer: str, seconds: float, size: int) -> None:
        self._materialization.labels(materializer).observe(seconds)
        self._materialized.inc(size)

    @override
    def published(self, size: int) -> None:
        self._published.inc(size)

    @override
    def attempted(self, pipeline: str, step: str, seconds: float) -> None:
        self._duration.labels(pipeline, step).observe(seconds)

    @override
    def delivered(self, pipeline: str, step: str, result: str) -> None:
        self._outcomes.labels(pipeline, step, result).inc()
