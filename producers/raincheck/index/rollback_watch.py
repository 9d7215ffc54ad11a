"""Noticing that a server has gone back: restored from a copy, or without its last writes."""

import logging
import secrets
from collections.abc import Callable

_log = logging.getLogger(__name__)


class RollbackWatch:
    """Remembers the highest revision that this process has seen.

    An index that is behind it goes on in a new epoch with revisions far above, so that no
    revision ever means two states.

    Args:
        reopen: the Lua function of that name: takes the epoch, the highest revision seen
            and a new epoch; answers epoch and revision.
    """

    def __init__(self, reopen: Callable[[str, int, str], tuple[str, int]]) -> None:
        self._reopen = reopen
        self._epoch = ""
        self._highest = 0

    def opened(self, epoch: str, revision: int) -> None:
        """The index was opened, for the first time or again."""
        if epoch != self._epoch:
            self._epoch, self._highest = epoch, revision
        self._highest = max(self._highest, revision)

    def seen(self, revision: int) -> None:
        """The index answered with its revision of that moment.

        Raises:
            IndexUnavailableError: the index does not answer.
        """
        if revision >= self._highest:
            self._highest = revision
            return
        # Threads may get their answers in another order than the index gave them, so the
        # index compares once more.
        epoch, found = self._reopen(self._epoch, self._highest, secrets.token_hex(8))
        if epoch != self._epoch:
            _log.warning(
                "the index has gone back from revision %d to %d: its server lost writes, or "
                "was restored from a copy; it goes on at revision %d",
                self._highest,
                revision,
                found,
                extra={"action": "index_reopened", "epoch": epoch},
            )
        self._epoch, self._highest = epoch, found
