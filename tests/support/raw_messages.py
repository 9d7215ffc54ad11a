"""Writing into queues as a stranger would: past Celery."""

from collections.abc import Iterable
from typing import Any

from celery import Celery

from tests.support.hostile import Forged

#: The exchange of commands to all workers.
COMMANDS = "celery.pidbox"


def push(app: Celery, queue: str, entries: Iterable[bytes]) -> None:
    """Append entries to a queue's list on Redis."""
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        for entry in entries:
            channel.client.lpush(queue, entry)


def broadcast(app: Celery, payload: bytes) -> int:
    """Publish bytes where workers on Redis listen for commands; how many heard it."""
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        topic = channel._get_publish_topic(COMMANDS, "")
        return int(channel.client.publish(topic, payload))


def publish(app: Celery, key: str, forged: Iterable[Forged], exchange: str = "") -> None:
    """Publish messages by RabbitMQ, their bytes as they are; the key is that of a queue."""
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        for message in forged:
            raw = channel.prepare_message(
                message.body,
                content_type=message.content_type,
                content_encoding=message.content_encoding,
                headers=message.headers,
            )
            channel.basic_publish(raw, exchange=exchange, routing_key=key)
