"""The Celery application that both sides configure alike.

Values are those measured for Celery 5.7 on Redis; docs/decisions.md says why.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from kombu.exceptions import OperationalError

from raincheck.messaging.fork_guard import not_while_forking
from raincheck.settings import Settings

#: Queue of steps that name none.
DEFAULT_QUEUE = "raincheck"
#: kombu keeps one list per step of priority; see `queue_length`.
PRIORITY_STEPS = (0, 3, 6, 9)
#: Somebody waits for `delay()` to return, and what is not sent now is sent later.
PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
#: Seconds for RabbitMQ to confirm a message; a server that hangs would hold its sender for ever.
CONFIRM_TIMEOUT = 2.0
# Seconds; kombu tries three times.
_SENDER_TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 2}


def broker_url(index_url: str) -> str:
    """The kombu URL of the server that a redis-py URL names."""
    parts = urlsplit(index_url)
    if parts.scheme != "unix":
        return index_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def is_redis(url: str) -> bool:
    """Whether a broker URL names a Redis or Valkey server."""
    return urlsplit(url).scheme.partition("+")[0] in {"redis", "rediss", "sentinel"}


def key_prefix(namespace: str) -> str:
    """Prefix of Celery's own keys: inside the namespace, so namespaces do not mix."""
    return f"rc:{{{namespace}}}:celery:"


def transport_options(url: str, namespace: str) -> dict[str, Any]:
    """Options of kombu's transport for a broker."""
    if not is_redis(url):
        return {"confirm_publish": True}
    return {
        "global_keyprefix": key_prefix(namespace),
        "priority_steps": list(PRIORITY_STEPS),
        "queue_order_strategy": "priority",
        # Recovery is the index's work; this only tidies kombu's own records.
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }


def celery_settings(settings: Settings, index_url: str) -> dict[str, Any]:
    """Celery's settings for a deployment.

    Args:
        settings: name broker and namespace.
        index_url: redis-py URL of the index, whose server is the broker when none is named.
    """
    url = settings.broker_url or broker_url(index_url)
    return {
        "broker_url": url,
        # In place of which Celery takes CELERY_BROKER_URL: another application's.
        "broker_read_url": url,
        "broker_write_url": url,
        "broker_transport_options": transport_options(url, settings.namespace),
        "broker_connection_retry_on_startup": True,
        "broker_pool_acquire_timeout": 30,
        "task_default_queue": DEFAULT_QUEUE,
        "task_default_exchange": DEFAULT_QUEUE,
        "task_default_routing_key": DEFAULT_QUEUE,
        # Results and states live in the index.
        "task_ignore_result": True,
        # A message is a hint: what dies with a worker is found by the sweeper.
        "task_acks_late": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_send_sent_event": True,
        "task_repr_maxlevels": 6,
    }


def producer_app(settings: Settings, index_url: str) -> Celery:
    """An application that only sends; it does not become Celery's current one."""
    app = Celery("raincheck", set_as_current=False)
    made = celery_settings(settings, index_url)
    if is_redis(made["broker_url"]):
        made["broker_transport_options"].update(_SENDER_TIMEOUTS)
    else:
        made["broker_connection_timeout"] = 2
    app.conf.update(made)
    return app


def queue_length(app: Celery, queue: str) -> int | None:
    """Messages in a queue of Celery: of all priorities; None when the broker does not say."""
    connection = app.connection_for_read()
    with not_while_forking(), connection:
        try:
            connection.connect()  # one try: whoever asks will ask again
            channel: Any = connection.default_channel
            # kombu looks for a Redis queue without the key prefix, so a passive
            # declaration finds none; on Redis the active one writes nothing.
            passive = connection.transport.driver_type != "redis"
            return int(channel.queue_declare(queue, passive=passive).message_count)
        except connection.channel_errors:
            return 0  # no such queue: nobody has sent anything yet
        except OperationalError:
            return None
        except connection.connection_errors:
            return None
