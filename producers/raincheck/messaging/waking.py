"""Waking the steps that waited for a change, by whoever made it."""

import logging
import time

from raincheck.index import Index
from raincheck.messaging.hints import HintSender
from raincheck_contracts.errors import IndexUnavailableError

_log = logging.getLogger(__name__)

#: Seconds that the maker of a change spends on waking; workers do the rest.
PATIENCE = 0.02
#: What one script may spend: about 2 ms at the server, in which it answers nobody else.
_SLICE = 32


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
        try:
            messages, more = index.runs.wake(_SLICE)
        except IndexUnavailableError:
            _log.warning("waking is left to the workers", extra={"action": "wake_left"})
            return ready
        ready += hints.send(messages)
        if not more or time.monotonic() >= end:
            return ready
