"""Events: facts of the index in the past tense, as CloudEvents 1.0.

The index keeps each event as a stream entry of flat text fields, which `ENTRY_FIELDS` names;
`event_from_entry` gives it its CloudEvents form.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from raincheck_contracts._base import Contract
from raincheck_contracts.event_data import (
    AliasMovedData,
    AliasRemovedData,
    IndexReopenedData,
    MetadataLoggedData,
    RunFinishedData,
    SubscriptionLaggedData,
    TagAddedData,
    VersionDeletedData,
    VersionPublishedData,
)


class _Event(Contract):
    specversion: Literal["1.0"] = "1.0"
    id: str
    """`<revision>-<position>`, unique within the source and in the order of the index."""
    source: str
    """`raincheck/<namespace>`."""
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"


class ArtifactVersionPublished(_Event):
    """A version was published."""

    type: Literal["raincheck.artifact_version_published.v1"] = (
        "raincheck.artifact_version_published.v1"
    )
    subject: str
    data: VersionPublishedData


class AliasMoved(_Event):
    """An alias names another version."""

    type: Literal["raincheck.alias_moved.v1"] = "raincheck.alias_moved.v1"
    subject: str
    data: AliasMovedData


class AliasRemoved(_Event):
    """An alias names nothing any more."""

    type: Literal["raincheck.alias_removed.v1"] = "raincheck.alias_removed.v1"
    subject: str
    data: AliasRemovedData


class TagAdded(_Event):
    """A version was tagged."""

    type: Literal["raincheck.tag_added.v1"] = "raincheck.tag_added.v1"
    subject: str
    data: TagAddedData


class MetadataLogged(_Event):
    """A version got a metadata entry after its publication."""

    type: Literal["raincheck.metadata_logged.v1"] = "raincheck.metadata_logged.v1"
    subject: str
    data: MetadataLoggedData


class ArtifactVersionDeleted(_Event):
    """A version was deleted; its name is not used again."""

    type: Literal["raincheck.artifact_version_deleted.v1"] = "raincheck.artifact_version_deleted.v1"
    subject: str
    data: VersionDeletedData


class RunFinished(_Event):
    """A run reached a final state."""

    type: Literal["raincheck.run_finished.v1"] = "raincheck.run_finished.v1"
    subject: str
    data: RunFinishedData


class IndexReopened(_Event):
    """The index had gone back: its server lost writes, or was restored from a copy.

    What came between the event before and this one did happen, and is forgotten. Its
    revisions, and with them the ids of its events, are not used again.
    """

    type: Literal["raincheck.index_reopened.v1"] = "raincheck.index_reopened.v1"
    subject: Literal["index"]
    data: IndexReopenedData


class SubscriptionLagged(_Event):
    """Events were forgotten before a subscription looked at them; it has stopped."""

    type: Literal["raincheck.subscription_lagged.v1"] = "raincheck.subscription_lagged.v1"
    subject: str
    data: SubscriptionLaggedData


Event = Annotated[
    ArtifactVersionPublished
    | AliasMoved
    | AliasRemoved
    | TagAdded
    | MetadataLogged
    | ArtifactVersionDeleted
    | RunFinished
    | IndexReopened
    | SubscriptionLagged,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)

#: The event that an entry of each kind is.
EVENTS_BY_KIND: dict[str, type[Event]] = {
    "published": ArtifactVersionPublished,
    "alias": AliasMoved,
    "unalias": AliasRemoved,
    "tag": TagAdded,
    "metadata": MetadataLogged,
    "deleted": ArtifactVersionDeleted,
    "finished": RunFinished,
    "reopened": IndexReopened,
    "lagged": SubscriptionLagged,
}
#: The fields of an entry.
ENTRY_FIELDS = {
    "k": f"kind: {', '.join(EVENTS_BY_KIND)}",
    "t": "time of the server, milliseconds since 1970",
    "a": "artifact",
    "v": "version",
    "s": "the version's place in the order of its artifact, from 1",
    "n": "name of the alias, the tag or the metadata entry",
    "p": "version that the alias named before",
    "r": "run that did it; absent when done by hand",
    "d": "triggers between the first cause and the run",
    "w": "pipeline of that run",
    "q": "1 when it starts no runs: a backfill that does not cascade caused it",
    "u": "who deleted it",
    "y": "why it was deleted",
    "o": "how it ended: succeeded, failed, cancelled",
    "e": "epoch of the index that begins",
    "b": "subscription",
    "f": "the last event that it has looked at",
    "g": "the last event that was forgotten before it could",
}
#: The fields of whatever a run has done, by the name that they have in the data.
CAUSE_FIELDS = {"run": "r", "depth": "d", "pipeline": "w", "quiet": "q"}
#: The fields that the data of each kind take besides, by the name that they have there.
KIND_FIELDS = {
    "published": {"artifact": "a", "version": "v", "sequence": "s"},
    "alias": {"artifact": "a", "alias": "n", "version": "v", "previous": "p"},
    "unalias": {"artifact": "a", "alias": "n", "version": "v"},
    "tag": {"artifact": "a", "version": "v", "sequence": "s", "tag": "n"},
    "metadata": {"artifact": "a", "version": "v", "sequence": "s", "key": "n"},
    "deleted": {"artifact": "a", "version": "v", "sequence": "s", "by": "u", "why": "y"},
    "finished": {"status": "o"},
    "reopened": {"epoch": "e"},
    "lagged": {"subscription": "b", "after": "f", "up_to": "g"},
}


def event_from_entry(namespace: str, entry_id: str, entry: Mapping[str, str]) -> Event:
    """The CloudEvents form of one entry of the event stream.

    Args:
        namespace: of the index that the entry was read from.
        entry_id: the entry's id in the stream.
        entry: its fields, see `ENTRY_FIELDS`.

    Returns:
        The event.

    Raises:
        pydantic.ValidationError: when the entry is not one that the index writes.
    """
    kind = entry.get("k", "")
    names = {**CAUSE_FIELDS, **KIND_FIELDS.get(kind, {})}
    known = EVENTS_BY_KIND.get(kind)
    return EVENT.validate_python(
        {
            "type": known.model_fields["type"].default if known else kind,
            "id": entry_id,
            "source": f"raincheck/{namespace}",
            "subject": _subject(kind, entry),
            "time": datetime.fromtimestamp(int(entry["t"]) / 1000, UTC),
            "data": {key: entry[field] for key, field in names.items() if field in entry},
        }
    )


def _subject(kind: str, entry: Mapping[str, str]) -> str:
    if kind == "reopened":
        return "index"
    if kind == "lagged":
        return f"subscription/{entry.get('b', '')}"
    if "a" in entry:
        return f"{entry['a']}@{entry.get('v', '')}"
    return f"run/{entry.get('r', '')}"
