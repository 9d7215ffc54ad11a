"""kombu's connection to RabbitMQ, with the intake before it.

kombu decompresses a body while it makes a message of it. So what is delivered is looked at
before, and acknowledged if it is put aside.
"""

from typing import Any

from kombu.transport.pyamqp import Channel, Connection
from typing_extensions import override

from raincheck_workers.intake.amqp_frames import readable_frames
from raincheck_workers.intake.envelope import Envelope
from raincheck_workers.intake.intake import current_intake

_COMMANDS = ".pidbox"  # how the queue of commands to all workers ends


class ScreenedChannel(Channel):
    """A channel to a server."""

    @override
    def basic_consume(self, *arguments: Any, **options: Any) -> Any:
        """Consume a queue; kombu names all options."""
        queue, callback, no_ack = (options[name] for name in ("queue", "callback", "no_ack"))

        def screened(delivered: Any) -> None:
            if _admits(queue, delivered):
                callback(delivered)
            elif not no_ack:
                self.basic_ack(delivered.delivery_tag)

        return super().basic_consume(*arguments, **{**options, "callback": screened})


class ScreenedConnection(Connection):
    """A connection to a server."""

    Channel = ScreenedChannel

    def __init__(self, **options: Any) -> None:
        options["frame_handler"] = readable_frames
        super().__init__(**options)


def _admits(queue: str, delivered: Any) -> bool:
    intake = current_intake()
    if intake is None:
        return True
    properties: dict[str, Any] = delivered.properties
    body = delivered.body
    envelope = Envelope(
        properties.get("application_headers") or {},
        properties.get("content_type"),
        properties.get("content_encoding"),
        body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogateescape"),
    )
    if queue.endswith(_COMMANDS):
        return intake.admits_broadcast(envelope)
    return intake.admits_message(queue, envelope)
