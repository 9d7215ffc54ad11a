"""The intake of a worker: which messages Celery gets to see, and what becomes of the others."""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Collection

from celery import Celery

from raincheck.index.bad_messages import BadMessages
from raincheck_contracts.errors import IndexAccessError
from raincheck_workers.intake.envelope import Envelope, read_entry
from raincheck_workers.intake.refusal import Refusal, printable, refused
from raincheck_workers.intake.screening import MAX_ENTRY_BYTES, OUR_TASKS, screen

_log = logging.getLogger(__name__)

_EXCERPT = 400  # characters
_LOG_PAUSE = 60.0  # seconds between two lines about the same kind


class Intake:
    """Looks at what comes from the broker, before anything of it is decoded.

    Args:
        app: whose worker's queues it stands before; others of the process are not its own.
        bad_messages: takes what is refused.
        exclusive: queues to which nothing but our tasks is let in; None is every queue. On
            the others an application's own tasks pass unseen, with content of any type: only
            what names a task of ours is screened, and what kombu could not even take.
    """

    def __init__(
        self, app: Celery, bad_messages: BadMessages, exclusive: Collection[str] | None = None
    ) -> None:
        self._app = app
        self._bad_messages = bad_messages
        self._exclusive = exclusive
        self._logged: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def admits_entry(self, queue: str, entry: bytes) -> bool:
        """Whether an entry of a list of Redis may be taken; puts it aside if not."""
        if not self._stands_before(queue):
            return True
        if len(entry) > MAX_ENTRY_BYTES and self._only_ours(queue):
            refusal = refused("size", f"an entry of {len(entry):,} bytes")
            return self._put_aside(queue, refusal, entry)
        read = read_entry(entry)
        if isinstance(read, Refusal):
            return self._put_aside(queue, read, entry)
        return self._admits(queue, read)

    def admits_message(self, queue: str, envelope: Envelope) -> bool:
        """Whether a message of AMQP may be acted on; puts it aside if not."""
        return not self._stands_before(queue) or self._admits(queue, envelope)

    def _stands_before(self, queue: str) -> bool:
        return queue in self._app.amqp.queues.consume_from

    def _only_ours(self, queue: str) -> bool:
        return self._exclusive is None or queue in self._exclusive

    def _admits(self, queue: str, envelope: Envelope) -> bool:
        task = envelope.headers.get("task")
        ours = isinstance(task, str) and task in OUR_TASKS
        if not ours and not self._only_ours(queue):
            return True
        refusal = screen(envelope)
        if refusal is None:
            return True
        # Without a body the names of the headers: `repr` of deep ones would raise.
        return self._put_aside(queue, refusal, envelope.body or " ".join(envelope.headers))

    def admits_broadcast(self, read: Envelope | Refusal) -> bool:
        """Whether a command to all workers may be read; one that may not is only logged.

        Args:
            read: what was delivered.
        """
        if isinstance(read, Envelope):
            if not read.headers.get("compression"):
                return True
            read = refused("broadcast", "it is compressed")
        self._log("all workers", read)
        return False

    def _put_aside(self, queue: str, refusal: Refusal, content: bytes | str) -> bool:
        excerpt = printable(content, _EXCERPT)
        self._log(queue, refusal)
        try:
            self._bad_messages.put(
                secrets.token_hex(8), refusal.reason, queue=queue, excerpt=excerpt
            )
        except IndexAccessError:
            _log.warning(
                "index away, bad message not kept: %s",
                excerpt,
                extra={"action": "bad_message_lost", "queue": queue, "reason": refusal.reason},
            )
        return False

    def _log(self, queue: str, refusal: Refusal) -> None:
        kind, now = refusal.kind, time.monotonic()
        if now - self._logged.get(kind, -_LOG_PAUSE) < _LOG_PAUSE:
            self._unlogged[kind] += 1
            return
        self._logged[kind] = now
        more = self._unlogged.pop(kind, 0)
        _log.warning(
            "bad message for %s put aside: %s; see `raincheck messages bad`",
            queue,
            refusal.reason,
            extra={"action": "bad_message", "kind": kind, "queue": queue, "more": more},
        )


_of_process: list[Intake] = []


def set_intake(intake: Intake) -> None:
    """Let an intake stand before what this process takes from the broker."""
    _of_process[:] = [intake]


def current_intake() -> Intake | None:
    """The intake of this process; None outside a worker."""
    return _of_process[0] if _of_process else None
