"""One event in one line."""

from rich.text import Text

from raincheck_contracts.events import (
    AliasMoved,
    AliasRemoved,
    ArtifactVersionDeleted,
    ArtifactVersionPublished,
    Event,
    IndexReopened,
    MetadataLogged,
    RunFinished,
    SubscriptionLagged,
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
    run = getattr(event.data, "run", None)
    if run is not None and not isinstance(event, RunFinished):
        line.append(f"  by run {run}")
    return line


def _about(event: Event) -> str:  # noqa: C901, PLR0911 - one for each kind
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
        case AliasRemoved(data=data):
            return f"{data.artifact}:{data.alias} is removed, before {data.version}"
        case ArtifactVersionDeleted(data=data):
            by, why = f" by {data.by}" if data.by else "", f": {data.why}" if data.why else ""
            return f"{event.subject} is deleted{by}{why}"
        case RunFinished(data=data):
            return f"{data.pipeline} {data.status}, run {data.run}"
        case SubscriptionLagged(data=data):
            return f"{data.subscription} missed what came after {data.after}, up to {data.up_to}"
        case IndexReopened(data=data):
            return f"epoch {data.epoch}: the server lost writes, or was restored from a copy"
