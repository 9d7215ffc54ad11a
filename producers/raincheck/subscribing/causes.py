"""What led to a run: its events, the runs that caused those, up to what was done by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raincheck.index import Index
from raincheck.subscribing.outcomes import kept_run
from raincheck.subscribing.words import event_words
from raincheck_contracts.runs import Run
from raincheck_contracts.subscriptions import Trigger, TriggeringEvent

#: Of the events of one run; and of all links together.
SHOWN_EVENTS, _MOST = 5, 200


@dataclass(frozen=True, slots=True)
class Link:
    """A run or an event of a chain of causes."""

    level: int
    """0 is the run that was asked about; each event and each run lies one deeper."""
    text: str
    run: str | None = None
    event: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"level": self.level, "run": self.run, "event": self.event, "text": self.text}


def causes(index: Index, run: Run) -> list[Link]:
    """The chain of causes of a run, itself first."""
    links: list[Link] = []
    for link in _of_run(index, run, 0, {run.id}):
        if len(links) == _MOST:
            return [*links, Link(link.level, "... there is more; ask for one of these runs")]
        links.append(link)
    return links


def _of_run(index: Index, run: Run, level: int, seen: set[str]) -> Iterator[Link]:
    trigger = run.trigger
    line = f"run {run.id} of {run.pipeline}, {run.status}"
    if trigger is None:
        yield Link(level, f"{line}, queued by hand", run=run.id)
        return
    fill = "" if trigger.backfill is None else f", backfill {trigger.backfill}"
    line += f", started by subscription {trigger.subscription}{fill}, depth {run.depth}"
    yield Link(level, line, run=run.id)
    yield from _of_events(index, trigger, level + 1, seen)


def _of_events(index: Index, trigger: Trigger, level: int, seen: set[str]) -> Iterator[Link]:
    shown = trigger.events[-SHOWN_EVENTS:]
    kept = index.events.find([item.event for item in shown])
    for item in reversed(shown):
        line = f"event {item.event}: {event_words(item.kind, item.artifact, item.version)}"
        event = kept.get(item.event)
        if event is None:
            line, cause = f"{line}; the event is no longer kept", _publisher(index, item)
            if cause is None:
                yield Link(level, f"{line}, nor what caused it", event=item.event)
                continue
        else:
            cause = getattr(event.data, "run", None)
        yield Link(level, line if cause else f"{line} by hand", event=item.event)
        if cause is not None:
            yield from _of_cause(index, cause, level + 1, seen)
    if trigger.count > len(shown):
        yield Link(level, f"and {trigger.count - len(shown)} more events")


def _of_cause(index: Index, name: str, level: int, seen: set[str]) -> Iterator[Link]:
    if name in seen:
        yield Link(level, f"run {name}, see above", run=name)
        return
    seen.add(name)
    run = kept_run(index, name)
    if run is None:
        yield Link(level, f"run {name}, which is no longer kept", run=name)
        return
    yield from _of_run(index, run, level, seen)


def _publisher(index: Index, item: TriggeringEvent) -> str | None:
    """The run that a version itself names; versions are kept for longer than events."""
    if item.kind != "published":
        return None
    version = index.records.version(item.artifact, item.version)
    return None if version is None else version.record.run
