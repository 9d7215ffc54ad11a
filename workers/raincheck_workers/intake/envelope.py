"""What a broker delivers, before anything of it is decoded or decompressed."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raincheck_workers.intake.plain_json import read_json
from raincheck_workers.intake.refusal import Refusal, misshapen, refused


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message's outside, and its body as bytes."""

    headers: Mapping[str, object]
    content_type: object
    content_encoding: object
    body: bytes


class _Shape(BaseModel):
    """Part of an entry; what kombu does not look at may be there, too."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="allow")


_Name = Annotated[str, Field(max_length=255)]


class _Address(_Shape):
    exchange: _Name
    routing_key: _Name


class _Properties(_Shape):
    delivery_tag: Annotated[str, Field(min_length=1, max_length=255)]
    delivery_info: _Address
    body_encoding: Literal["base64"] | None = None


class _Entry(_Shape):
    """An entry of a list of Redis: all that kombu reads without asking whether it is there."""

    properties: _Properties
    headers: dict[str, object] | None = None
    body: str | None = None
    content_type: Annotated[object, Field(alias="content-type")] = None
    content_encoding: Annotated[object, Field(alias="content-encoding")] = None


def read_entry(entry: bytes) -> Envelope | Refusal:
    """The envelope in an entry of a list, or why kombu could not take it."""
    value, problem = read_json(entry)
    if problem is not None:
        return refused("entry", f"the entry is no JSON of a message: {problem}")
    return read_message(value)


def read_message(value: object) -> Envelope | Refusal:
    """As `read_entry`, for what was read from JSON already."""
    try:
        read = _Entry.model_validate(value)
        body = (read.body or "").encode()
        if read.properties.body_encoding:
            body = b64decode(body)
    except ValidationError as error:
        return misshapen("entry", error)
    except (binascii.Error, UnicodeEncodeError) as error:
        return refused("entry", f"the body is not what its encoding says: {error}")
    return Envelope(read.headers or {}, read.content_type, read.content_encoding, body)
