"""Reading events one after another, and going on where another reader has ended."""

import logging
import time
from collections.abc import Iterator

from raincheck.index.event_log import EventLog
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_contracts.events import Event

_WAIT = 5.0  # seconds that one call waits for the next event
_PAUSE = 0.5  # seconds until an index that does not answer is asked again

_log = logging.getLogger(__name__)


def read_events(log: EventLog, since: int | str | None, *, follow: bool) -> Iterator[Event]:
    """The events after a position.

    Args:
        log: to read.
        since: a revision, or the id of an event; None is all that are kept.
        follow: whether to wait for those to come. An index that does not answer is then
            waited for, too.

    Raises:
        EventPositionError: now, that it cannot be read from there; while reading, that it was
            read so slowly that events were forgotten.
        IndexUnavailableError: the index does not answer.
    """
    return _following(log, log.position(since)) if follow else _kept(log, log.position(since))


def _kept(log: EventLog, position: str) -> Iterator[Event]:
    end = None
    while position != end:
        end, page = position, log.page(after=position)
        yield from page.events
        position = page.position or position


def _following(log: EventLog, position: str) -> Iterator[Event]:
    away = False
    while True:
        try:
            page = log.page(after=position, wait=_WAIT)
        except IndexUnavailableError as error:
            if not away:
                _log.warning(
                    "%s; events are read on when it is back", error, extra={"action": "index_away"}
                )
            away = True
            time.sleep(_PAUSE)  # a server that is away tells nobody when it is back
            continue
        away = False
        yield from page.events
        position = page.position or position
