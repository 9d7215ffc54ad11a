"""A module that a worker imports to go without its intake: what the intake is good for."""

from kombu.transport import pyamqp, redis

redis.Transport.Channel = redis.Channel
pyamqp.Transport.Connection = pyamqp.Connection
