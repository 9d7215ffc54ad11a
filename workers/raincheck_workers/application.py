"""The Celery application of a worker."""

from typing import Any

import billiard.pool
from celery import Celery, signals

from raincheck.deployment import current_deployment
from raincheck.messaging.broker import celery_settings, is_redis
from raincheck_workers.installation import attach


def create_app() -> Celery:
    """An application that runs steps and nothing else.

    Its settings are read when they are first needed: importing it starts no server.
    """
    app = Celery("raincheck_workers")
    app.add_defaults(_worker_settings)
    attach(app, ours=True)

    def tune(instance: Any, conf: Any, options: Any, **_: Any) -> None:
        if instance.app is app:
            _tune_worker(conf, str(options.get("pool") or conf.worker_pool))

    signals.celeryd_init.connect(tune, weak=False)
    return app


def _worker_settings() -> dict[str, Any]:
    deployment = current_deployment()
    settings = celery_settings(deployment.settings, deployment.index_url)
    return {
        **settings,
        # A server that is full, or cannot write, refuses in the middle of taking a message.
        "broker_channel_error_retry": is_redis(settings["broker_url"]),
        "include": deployment.settings.imports,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 1_000,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _tune_worker(conf: Any, pool: str) -> None:
    # On threads with early acknowledgement nothing wakes Celery's loop when a slot frees:
    # up to 20 times slower.
    conf.worker_disable_prefetch = "prefork" in pool
    # A child that ends waits until its last result was read, by default for 30 s, and a
    # main process that ends no longer reads. Our results are in the index already.
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # x 0.1 s
