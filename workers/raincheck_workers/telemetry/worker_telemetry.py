"""Logs and metrics over the life of an application's worker."""

import logging
import sys
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

from raincheck.deployment import Deployment, current_deployment
from raincheck_contracts.errors import SettingsError
from raincheck_workers.telemetry.attempts import prepare_openlineage
from raincheck_workers.telemetry.log_setup import set_log_form

if TYPE_CHECKING:
    from raincheck_workers.telemetry.metrics_server import MetricsServer

_log = logging.getLogger(__name__)


class WorkerTelemetry:
    """Ties log form and metrics to the worker of one application.

    Args:
        app: the application.
        shape_log: whether its log gets our form.
    """

    def __init__(self, app: Celery, *, shape_log: bool) -> None:
        self._app = app
        self._shape_log = shape_log
        self._metrics: MetricsServer | None = None

    def connect(self) -> None:
        """Listen to Celery's signals, for as long as the process lives."""
        signals.celeryd_init.connect(self._prepare, weak=False)
        signals.worker_process_init.connect(self._after_fork, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.worker_shutdown.connect(self._shutdown, weak=False)

    def _prepare(self, instance: Any, **_: Any) -> None:
        if instance.app is not self._app:
            return
        deployment = current_deployment()
        if self._shape_log:
            json = deployment.settings.log_format == "json"
            instance.quiet = instance.quiet or json  # the banner is no JSON
            set_log_form(json=json)
        try:
            prepare_openlineage(deployment.settings)
            self._metrics = _open_metrics(deployment)
        except SettingsError as error:
            # Celery would log what a receiver raises and go on; no log is set up yet.
            sys.stderr.write(f"error: {error}\n")
            raise SystemExit(2) from error

    def _after_fork(self, **_: Any) -> None:
        if self._metrics is not None:
            self._metrics.close_in_child()

    def _ready(self, **_: Any) -> None:
        if self._metrics is not None:
            served = {"action": "metrics_served", "url": self._metrics.url}
            _log.info("metrics served", extra=served)

    def _shutdown(self, **_: Any) -> None:
        if self._metrics is not None:
            self._metrics.stop()
            self._metrics = None


def _open_metrics(deployment: Deployment) -> "MetricsServer | None":
    """Serve metrics when the settings say so.

    Raises:
        SettingsError: the package is not installed, or the address cannot be used.
    """
    port = deployment.settings.metrics_port
    if port is None:
        return None
    try:
        from raincheck_workers.telemetry.metrics_server import MetricsServer  # noqa: PLC0415
    except ImportError as error:
        problem = "prometheus-client is not installed; pip install 'raincheck[telemetry]'"
        raise SettingsError("RAINCHECK_METRICS_PORT", problem) from error
    return MetricsServer(deployment, port)
