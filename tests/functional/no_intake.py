"""A module that a worker imports to go without its intake: what the intake is good for."""

from typing import Any

from kombu.transport import pyamqp, redis

_transports: list[tuple[Any, type]] = [
    (redis.Transport, redis.Channel),
    (pyamqp.Connection, pyamqp.Channel),
]
for _transport, _channel in _transports:
    _transport.Channel = _channel
