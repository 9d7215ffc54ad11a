"""Opening the intake of a worker."""

from collections.abc import Collection
from typing import Any

from celery import Celery
from kombu.transport import pyamqp, redis

from raincheck.deployment import Deployment
from raincheck_workers.intake import amqp_channel, redis_channel
from raincheck_workers.intake.intake import Intake, set_intake


def open_intake(app: Celery, deployment: Deployment, exclusive: Collection[str] | None) -> None:
    """Let an intake stand before the queues of this process's worker.

    What connects is named by kombu's classes, not by the application's settings: whatever
    the broker's address, its alias and its alternatives, this is what it connects with.

    Args:
        app: of the worker that is about to start.
        deployment: whose index takes what is put aside.
        exclusive: see `Intake`.
    """
    set_intake(Intake(app, deployment.separate_index().bad_messages, exclusive))
    redis_transports: list[tuple[Any, type]] = [
        (redis.Transport, redis_channel.ScreenedChannel),
        (redis.SentinelTransport, redis_channel.ScreenedSentinelChannel),
    ]
    for transport, channel in redis_transports:
        transport.Channel = channel
    pyamqp.Transport.Connection = amqp_channel.ScreenedConnection
