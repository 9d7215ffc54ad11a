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

    The channels are named by kombu's classes, not by the application's settings: whatever
    the broker's address, its alias and its alternatives, these are what it connects with.

    Args:
        app: of the worker that is about to start.
        deployment: whose index takes what is put aside.
        exclusive: see `Intake`.
    """
    set_intake(Intake(app, deployment.separate_index().bad_messages, exclusive))
    channels: list[tuple[Any, type]] = [
        (redis.Transport, redis_channel.ScreenedChannel),
        (redis.SentinelTransport, redis_channel.ScreenedSentinelChannel),
        (pyamqp.Connection, amqp_channel.ScreenedChannel),
    ]
    for transport, channel in channels:
        transport.Channel = channel
