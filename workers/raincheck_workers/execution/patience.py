"""Patience with an index that does not answer."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from raincheck_contracts.errors import IndexUnavailableError

_log = logging.getLogger(__name__)

# Between two asks, seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an index that does not answer is asked again."""

    seconds: float

    def until_answered(self, call: Callable[[], T]) -> T:
        """Repeat an idempotent call while the index does not answer.

        Args:
            call: asks the index; the same again has no second effect.

        Raises:
            IndexUnavailableError: the index has not answered for as long as is waited.
        """
        end = time.monotonic() + self.seconds
        pause = _FIRST_PAUSE
        while True:
            try:
                return call()
            except IndexUnavailableError:
                if time.monotonic() > end:
                    raise
                _log.warning("index away", exc_info=True, extra={"action": "index_away"})
            time.sleep(pause)  # the server comes back by itself; nothing tells of it
            pause = min(2 * pause, _LONGEST_PAUSE)
