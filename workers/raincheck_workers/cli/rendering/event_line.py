"""One event in one line."""

from rich.text import Text

from raincheck_contracts.events import (
    AliasMoved,
    ArtifactVersionPublished,
    Event,
    IndexReopened,
    MetadataLogged,
    RunFinished,
    TagAdded,
)
from raincheck_workers.cli.rendering.words import one_line

_ID, _KIND = 8, 24  # columns


def event_line(event: Event) -> Text:
    """Its id, when it was, what it is about, and who did it."""
    line = Text(f"{event.id:>{_ID}}  ", style="dim")
    line.append(f"{event.time.astimezone():%Y-%m-%d %H:%M:%S}  ")
    line.append(f"{type(event).__name__:<{_KIND}}  ", style="default not dim bold")
    line.append(one_line(_about(event)), style="default not dim not bold")
    if not isinstance(event, RunFinished | IndexReopened) and event.data.run is not None:
        line.append(f"  by run {event.data.run}")
    return line


def _about(event: Event) -> str:
    match event:
        case ArtifactVersionPublished():
            return event.subject
        case AliasMoved(data=data):
            before = f", before {data.previous}" if data.previous else ""
            return f"{data.artifact}:{data.alias} is {data.version}{before}"
        case TagAdded(data=data):
            return f"{event.subject} is tagged {data.tag}"
        case MetadataLogged(data=data):
            return f"{event.subject}#/{data.key}"
        case RunFinished(data=data):
            return f"{data.pipeline} {data.status}, run {data.run}"
        case IndexReopened(data=data):
            return f"epoch {data.epoch}: the server lost writes, or was restored from a copy"
