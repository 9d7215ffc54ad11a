"""The event log as an AsyncAPI 3.0 document, for readers and code generators in any language."""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel

from raincheck_contracts.events import (
    CAUSE_FIELDS,
    ENTRY_FIELDS,
    EVENTS_BY_KIND,
    KIND_FIELDS,
    Event,
)

#: Of the events; raised when readers have to change.
EVENTS_VERSION = "1.0.0"

_INFO = {
    "title": "Raincheck events",
    "version": EVENTS_VERSION,
    "description": (
        "Every change of an index appends an event to a stream of its Redis or Valkey server, in "
        "the same atomic step and in the order of the changes. An entry's id is "
        "`<revision>-<position>`; entries are kept for 7 days, at most 1,000,000 of them."
    ),
    "license": {"name": "Apache-2.0"},
}
_STREAM = {
    "address": "rc:{namespace}:events",
    "title": "The stream of a namespace",
    "description": (
        "Read it with XREAD or XRANGE. Fields are flat texts, and those that do not apply are "
        "absent; read over fields and kinds that you do not know."
    ),
    "parameters": {
        "namespace": {
            "description": "The namespace in braces, which are part of the key.",
            "default": "{default}",
            "examples": ["{default}", "{team-a}"],
        }
    },
}
_EDGE = {
    "address": None,
    "title": "CloudEvents",
    "description": "What `raincheck events --json` prints, one a line, and the client yields.",
}
_SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
_OPERATIONS = {
    "appendEntry": ("stream", "Every change appends one or more entries."),
    "showEvent": ("cloudevents", "The entries of the stream as CloudEvents 1.0."),
}


def asyncapi() -> dict[str, Any]:
    """The document; it is kept as `contracts/asyncapi.json`."""
    messages = {**dict(_entries()), **dict(_cloud_events())}
    channels = {
        name: {**channel, "messages": {key: _ref("components", "messages", key) for key in keys}}
        for name, channel, keys in (
            ("stream", _STREAM, [f"{kind}Entry" for kind in EVENTS_BY_KIND]),
            ("cloudevents", _EDGE, [event.__name__ for event in EVENTS_BY_KIND.values()]),
        )
    }
    operations = {
        name: {"action": "send", "channel": _ref("channels", channel), "summary": summary}
        for name, (channel, summary) in _OPERATIONS.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": "application/json",
        "servers": {"index": {"host": "127.0.0.1:6379", "protocol": "redis"}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _ref(*place: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(place)}


def _entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """One message a kind of entry; its payload is the object of its fields."""
    for kind, event in EVENTS_BY_KIND.items():
        data = cast("type[BaseModel]", event.model_fields["data"].annotation)
        fields = {**CAUSE_FIELDS, **KIND_FIELDS[kind]}
        needed = [fields[name] for name, field in data.model_fields.items() if field.is_required()]
        properties = {
            field: {"type": "string", "description": ENTRY_FIELDS[field]}
            for name, field in fields.items()
            if name in data.model_fields
        }
        payload = {
            "type": "object",
            "required": ["k", "t", *needed],
            "properties": {
                "k": {"const": kind, "description": ENTRY_FIELDS["k"]},
                "t": {"type": "string", "pattern": r"^\d+$", "description": ENTRY_FIELDS["t"]},
                **properties,
            },
        }
        yield f"{kind}Entry", {"summary": _summary(event), "payload": payload}


def _cloud_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """One message an event, with the schema that is a file of its own."""
    for event in EVENTS_BY_KIND.values():
        schema = {"$ref": f"./schemas/{event.__name__}.json"}
        payload = {"schemaFormat": _SCHEMA_FORMAT, "schema": schema}
        yield (
            event.__name__,
            {
                "summary": _summary(event),
                "contentType": "application/cloudevents+json",
                "payload": payload,
            },
        )


def _summary(event: type[Event]) -> str:
    return (event.__doc__ or "").partition("\n")[0]
