"""Serving `/metrics` from a worker's main process."""

import os
import tempfile

from prometheus_client import start_http_server

from raincheck.deployment import Deployment
from raincheck.index import Connection, Index
from raincheck_contracts.errors import SettingsError
from raincheck_workers.telemetry.index_collector import IndexCollector
from raincheck_workers.telemetry.measurements import Measurements, use_measurements
from raincheck_workers.telemetry.prometheus_measurements import (
    PrometheusMeasurements,
    share_values,
    shared_registry,
)

# Seconds: whoever scrapes does not wait for an index that is away.
_INDEX_TIMEOUT = 2.0


class MetricsServer:
    """Serves until stopped; made before the pool forks.

    Args:
        deployment: whose settings name the host.
        port: 0 is any free one.

    Raises:
        SettingsError: the address cannot be used.
    """

    def __init__(self, deployment: Deployment, port: int) -> None:
        self._host = deployment.settings.metrics_host
        self._pid = os.getpid()
        self._folder = tempfile.TemporaryDirectory(prefix="raincheck-metrics-")
        share_values(self._folder.name)
        registry = shared_registry(self._folder.name)
        registry.register(IndexCollector(_own_index(deployment)))
        try:
            self._server, self._thread = start_http_server(port, self._host, registry)
        except OSError as error:
            self._folder.cleanup()
            problem = f"{self._host}:{port}: {error.strerror or error}"
            raise SettingsError("RAINCHECK_METRICS_PORT", problem) from error
        use_measurements(PrometheusMeasurements())

    @property
    def url(self) -> str:
        """Where Prometheus finds it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.server_port}/metrics"

    def close_in_child(self) -> None:
        """Give up the inherited socket: the port is the main process's alone."""
        if os.getpid() != self._pid:
            self._server.socket.close()

    def stop(self) -> None:
        """End the thread and remove the files."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
        use_measurements(Measurements())
        self._folder.cleanup()


def _own_index(deployment: Deployment) -> Index:
    namespace = deployment.settings.namespace
    return Index(Connection(deployment.index_url, namespace, socket_timeout=_INDEX_TIMEOUT))
