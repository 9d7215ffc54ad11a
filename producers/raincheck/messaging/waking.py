"""Waking the steps that waited for a change, by whoever made it."""

import logging
import time

from raincheck.index import Index
from raincheck.index.replies import Message
from raincheck.messaging.hints import HintSender
from raincheck_contracts.errors import IndexUnavailableError

_log = logging.getLogger(__name__)

#: Seconds that the maker of a change spends on waking; workers do the rest.
PATIENCE = 0.02
#: What one script may spend: about 1 ms at the server, in which it answers nobody else.
_SLICE = 16
#: Messages that are sent together, which spares round trips to the broker.
_BATCH = 64


def wake(index: Index, hints: HintSender, *, patience: float = PATIENCE) -> int:
    """Wake waiting steps and send their hints.

    The change is made already: an index that does not answer now is no error of it.

    Args:
        index: where they wait.
        hints: takes the messages of those that became ready.
        patience: seconds after which the rest is left to the workers' sweepers.

    Returns:
        How many became ready.
    """
    end = time.monotonic() + patience
    ready = 0
    while True:
        waiting, more = _next(index)
        ready += hints.send(waiting)
        if not more or time.monotonic() >= end:
            return ready


def _next(index: Index) -> tuple[list[Message], bool]:
    """Some messages to send, and whether there is more to wake."""
    waiting: list[Message] = []
    more = True
    try:
        while more and len(waiting) < _BATCH:
            messages, more = index.runs.wake(_SLICE)
            waiting += messages
    except IndexUnavailableError:
        _log.warning("waking is left to the workers", extra={"action": "wake_left"})
        return waiting, False
    return waiting, more
