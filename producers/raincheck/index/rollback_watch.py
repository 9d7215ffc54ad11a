"""Noticing that a server has gone back: restored from a copy, or without its last writes."""

import logging
import secrets
from collections.abc import Callable

_log = logging.getLogger(__name__)


class RollbackWatch:
    """Remembers the highest revision that this process has seen.

    An index that is behind it goes on in a new epoch with revisions far above, so that from
    then on no revision means two states. Before somebody who remembers has looked, which
    heartbeats do twice a second, one may be given again.

    Args:
        reopen: the Lua function of that name: takes the highest revision seen and a new
            epoch; answers epoch and revision.
    """

    def __init__(self, reopen: Callable[[int, str], tuple[str, int]]) -> None:
        self._reopen = reopen
        self._highest = 0

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
        new = secrets.token_hex(8)
        epoch, found = self._reopen(self._highest, new)
        if epoch == new:
            _log.warning(
                "the index has gone back from revision %d to %d: its server lost writes, or "
                "was restored from a copy; it goes on at revision %d",
                self._highest,
                revision,
                found,
                extra={"action": "index_reopened", "epoch": epoch},
            )
        self._highest = found
