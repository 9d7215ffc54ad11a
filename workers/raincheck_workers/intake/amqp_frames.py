"""Frames of RabbitMQ whose headers cannot be read.

py-amqp reads the tables of a message's headers by recursion, before it knows whose message it
is. Deep ones would end the worker, and come back at every start.
"""

from collections.abc import Callable
from typing import Any

from amqp.basic_message import Message
from amqp.method_framing import frame_handler

_HEADER = 2  # type of a frame
_FIXED = 12  # bytes before the properties: class, weight, size of the body


def readable_frames(connection: Any, callback: Callable[..., Any]) -> Callable[[Any], Any]:
    """py-amqp's reader of frames; headers that it cannot read are left out.

    The message arrives without them, and is no message of ours.
    """
    on_frame: Any = frame_handler(connection, callback)

    def read(frame: Any) -> Any:
        kind, channel, content = frame
        if kind == _HEADER and not _readable(content):
            return on_frame((kind, channel, bytes(content[:_FIXED]) + bytes(2)))
        return on_frame(frame)

    return read


def _readable(content: Any) -> bool:
    probe: Any = Message()
    try:
        probe.inbound_header(content)
    except Exception:  # noqa: BLE001 - whatever forged bytes make py-amqp raise
        return False
    return True
