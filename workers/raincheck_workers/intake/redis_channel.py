# ruff: noqa: SLF001 - what is overridden is private to kombu, and called beneath
"""kombu's channels to Redis, with the intake before them.

kombu decodes an entry of a list, makes a message of it and decompresses it while it reads the
reply to BRPOP; what raises there ends the worker. So the reply is looked at before.
"""

import logging
from typing import Any

from kombu.transport.redis import Channel, SentinelChannel
from typing_extensions import override

from raincheck_workers.intake.envelope import read_message
from raincheck_workers.intake.intake import current_intake

_log = logging.getLogger(__name__)


def _beneath(channel: Any) -> Any:
    return channel  # the stubs of kombu leave out what is overridden here


class ScreenedChannel(Channel):
    """A channel to a server."""

    def _create_client(self, *arguments: Any, **options: Any) -> Any:
        if self.connection.client is None:
            # Celery closes what it could not collect, and takes only errors of connections
            # for the end of one: kombu's AttributeError would end the worker.
            raise ConnectionAbortedError("the channel's transport is closed")
        client = _beneath(super())._create_client(*arguments, **options)
        client.set_response_callback("BRPOP", self._admitted)
        return client

    @override
    def close(self) -> None:
        """Close it, and take its sockets out of the worker's loop before.

        A pool child that was forked later holds them open too, so the kernel goes on telling
        of them, by numbers that other sockets have got meanwhile. Celery closes the channel of
        remote control after each command that it cannot read, and then waited for ever for a
        reply that nobody had sent.
        """
        if not self.closed:
            cycle: Any = self.connection.cycle
            for (channel, *_), socket in cycle._chan_to_sock.items():
                if channel is self and socket.fileno() >= 0:
                    cycle._unregister_from_poll(socket.fileno())
        _beneath(super()).close()

    def _admitted(self, reply: Any, **_: Any) -> Any:
        """The reply to BRPOP; None, as when there was none, for what is put aside."""
        intake = current_intake()
        if not reply or intake is None:
            return reply
        key, entry = reply
        queue = key.decode()[len(self.global_keyprefix) :].rsplit(self.sep, 1)[0]
        return reply if intake.admits_entry(queue, entry) else None

    def _receive_one(self, c: Any) -> Any:
        try:
            return _beneath(super())._receive_one(c)
        except RecursionError:
            _log.warning("a command to all workers is nested too deeply, and left unread")
            return False

    def _deliver_fanout_message(self, message: Any, exchange: str) -> Any:
        intake = current_intake()
        if intake is not None and not intake.admits_broadcast(read_message(message)):
            return False
        return _beneath(super())._deliver_fanout_message(message, exchange)


class ScreenedSentinelChannel(ScreenedChannel, SentinelChannel):
    """A channel to the primary that Sentinel names."""
