"""The event log: what changed, in the order of the index."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck_contracts.errors import EventPositionError
from raincheck_contracts.events import EVENTS_BY_KIND, Event, event_from_entry

_POSITION = re.compile(r"(\d+)(?:-(\d+))?")
_LAST = 2**64 - 1  # the highest position that an id of a stream can have
#: Before all events.
START = "0-0"
_PAGE = 1_000  # entries that one call reads
_Entry = tuple[bytes, Any]  # its id and its fields


@dataclass(frozen=True, slots=True)
class EventPage:
    """What one look into the log has found."""

    events: list[Event]
    position: str | None
    """Where to read on: after the last entry, whether this release knows its kind or not."""


class EventLog:
    """The events of one namespace; they are kept for 7 days, at most 1,000,000 of them.

    A position in the log is the id of an event, `<revision>-<n>`: what comes after it is read
    next. A reader that keeps the id of the last event that it has dealt with goes on there.

    Entries of a kind that this release does not know are read over: a newer one may work on
    the same index.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._key = f"{connection.prefix}events"

    def read(self, *, after: str | None = None, limit: int = _PAGE) -> list[Event]:
        """The events after a position, in the order of the index; none when there are no more.

        Args:
            after: the position; None is before all that are kept.
            limit: at most so many.

        Raises:
            EventPositionError: some events after the position are no longer kept.
            IndexUnavailableError: the index does not answer.
        """
        page = self.page(after=after, limit=limit)
        while not page.events and page.position != after:
            after = page.position
            page = self.page(after=after, limit=limit)
        return page.events

    def page(self, *, after: str | None = None, limit: int = _PAGE, wait: float = 0.0) -> EventPage:
        """As `read`, of so many entries; the position stays only at the end of the log.

        Args:
            after: the position; None is before all that are kept.
            limit: at most so many entries.
            wait: when there are none, seconds to wait for the next; less than a call may take.

        Raises:
            EventPositionError: some events after the position are no longer kept.
            IndexUnavailableError: the index does not answer.
        """
        block = ("BLOCK", max(1, int(1_000 * wait))) if wait else ()
        reading = ("XREAD", "COUNT", limit, *block, "STREAMS", self._key, after or START)
        reply, state = self._connection.ask([reading, self._state()])
        # Who reads on remembers it: an index that has gone back would go on with ids that are
        # not after the position.
        self._connection.seen(int(state[0] or 0))
        if after is not None:
            _check_kept(after, text(state[1]))
        entries = [entry for _, found in reply or () for entry in found]
        return EventPage(self._events(entries), text(entries[-1][0]) if entries else after)

    def find(self, ids: Sequence[str]) -> dict[str, Event]:
        """Events by id, in one round trip; those that are not kept are left out."""
        asked = [("XRANGE", self._key, event, event) for event in ids]
        replies = self._connection.ask(asked) if asked else []
        return {event.id: event for event in self._events(item for r in replies for item in r)}

    def newest(self, limit: int) -> list[Event]:
        """The newest events, in the order of the index."""
        events: list[Event] = []
        end, count = "+", limit
        while len(events) < limit:
            (reply,) = self._connection.ask([("XREVRANGE", self._key, end, "-", "COUNT", count)])
            if not reply:
                break
            events = [*self._events(reversed(reply)), *events]
            end, count = f"({text(reply[-1][0])}", _PAGE  # what was read over is made up for
        return events[-limit:]

    def position(self, since: int | str | None) -> str:
        """The position after a revision or an event.

        Args:
            since: a revision, or the id of an event; None is before all that are kept.

        Raises:
            EventPositionError: it is no position; events after it are no longer kept; or the
                index has not come so far.
        """
        (state,) = self._connection.ask([self._state()])
        revision, forgotten = int(state[0] or 0), text(state[1])
        if since is None:
            return forgotten or START
        found = _POSITION.fullmatch(str(since))
        if found is None:
            remedy = "Give a revision, `7`, or the id of an event, `7-1`"
            raise EventPositionError(str(since), "is no position", remedy)
        if int(found[1]) > revision:
            problem = f"is ahead of the index, which is at revision {revision}"
            remedy = "It belongs to another index, or this one was restored from a copy"
            raise EventPositionError(str(since), problem, remedy)
        position = f"{found[1]}-{found[2] or _LAST}"
        _check_kept(position, forgotten)
        return position

    def _state(self) -> tuple[str, ...]:
        return "HMGET", f"{self._connection.prefix}index", "revision", "forgotten"

    def _events(self, reply: Iterable[_Entry]) -> list[Event]:
        namespace = self._connection.namespace
        entries = ((text(entry_id), entry_fields(fields)) for entry_id, fields in reply)
        return [
            event_from_entry(namespace, entry_id, entry)
            for entry_id, entry in entries
            if entry.get("k") in EVENTS_BY_KIND
        ]


def entry_fields(reply: Any) -> dict[str, str]:
    """The fields of one entry of a stream."""
    if isinstance(reply, Sequence):  # without the client's own reading of replies
        reply = dict(zip(reply[::2], reply[1::2], strict=True))
    return {text(name): text(value) for name, value in reply.items()}


def _check_kept(position: str, forgotten: str) -> None:
    if forgotten and _parts(position) < _parts(forgotten):
        problem = f"is too old: the events up to {forgotten} are no longer kept"
        remedy = "Read all that is kept, and look for what was missed in the versions themselves"
        raise EventPositionError(position.removesuffix(f"-{_LAST}"), problem, remedy)


def _parts(event: str) -> tuple[int, int]:
    revision, _, number = event.partition("-")
    return int(revision), int(number)
