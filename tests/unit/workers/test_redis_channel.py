"""kombu's channel to Redis beneath the intake."""

from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.transport import redis
from redis import Redis

from raincheck.messaging.broker import broker_url
from raincheck_workers.intake.redis_channel import ScreenedChannel


def _polled(connection: Connection, name: str, channel: Any) -> None:
    """Let a channel hold a message and wait for the next."""
    Queue(name, channel=channel).declare()
    connection.Producer().publish({}, routing_key=name)
    assert channel.basic_get(name) is not None
    channel.basic_consume(name, no_ack=False, callback=print, consumer_tag=name)


def test_what_was_given_up_while_it_polled_can_be_closed(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ends leaves a channel that `collect` cannot close; Celery closes it then."""
    monkeypatch.setattr(redis.Transport, "Channel", ScreenedChannel)
    connection = Connection(broker_url(valkey_url))
    channel: Any = connection.default_channel  # its stubs leave out what virtual ones have
    _polled(connection, "first", channel)
    other: Any = connection.channel()
    _polled(connection, "second", other)
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.1)
    with Redis.from_url(valkey_url) as server:
        server.execute_command("CLIENT", "KILL", "SKIPME", "yes")
    connection.collect()
    assert not channel.closed
    connection.close()
    assert channel.closed
    with pytest.raises(ConnectionAbortedError):  # which Celery takes for the end of a connection
        other.close()
