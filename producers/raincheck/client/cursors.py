"""Cursors: where a list of versions goes on, as an opaque text that can be handed around."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from raincheck.blobs.digest import digest_of
from raincheck.index.listing_scripts import Place, VersionListing
from raincheck_contracts.errors import CursorError

_FORM = 1
_CHECK = 6  # bytes of the digest that tells a cursor from another text


def write_cursor(namespace: str, listing: VersionListing, place: Place) -> str:
    """The cursor of a place in a list.

    Args:
        namespace: of the index.
        listing: what is listed.
        place: where it goes on.
    """
    filters = _digest(f"{namespace} {listing.canonical_json()}".encode()).hex()
    parts = [
        *(_FORM, listing.artifact, listing.order, listing.sort_by, filters),
        *(place.sequence, place.score),
    ]
    body = json.dumps(parts, separators=(",", ":")).encode()
    return urlsafe_b64encode(_digest(body) + body).decode().rstrip("=")


def read_cursor(namespace: str, listing: VersionListing, cursor: str) -> Place:
    """The place that a cursor means in a list.

    Raises:
        CursorError: it is none, or one of another list.
    """
    form, artifact, order, sort_by, _, sequence, score = _parts(cursor)
    if form != _FORM:
        raise CursorError(cursor, f"it is of form {form}, this release reads form {_FORM}")
    if artifact != listing.artifact:
        problem = f"it is of a list of {artifact!r}, this one is of {listing.artifact!r}"
        raise CursorError(cursor, problem)
    if (order, sort_by) != (listing.order, listing.sort_by):
        this, other = _words(listing.order, listing.sort_by), _words(order, sort_by)
        raise CursorError(cursor, f"it is of a list with {other} first, this one has {this} first")
    place = Place(int(sequence), str(score))
    if cursor.rstrip("=") != write_cursor(namespace, listing, place):
        raise CursorError(cursor, "it is of a list with other filters, or of another namespace")
    return place


def _digest(data: bytes) -> bytes:
    return bytes.fromhex(digest_of(data).removeprefix("b3:"))[:_CHECK]


def _words(order: str, sort_by: str | None) -> str:
    return f"the {order}" if sort_by is None else f"the {order} {sort_by}"


def _parts(cursor: str) -> list[Any]:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as error:
        raise CursorError(cursor, "it is no cursor") from error
    check, body = raw[:_CHECK], raw[_CHECK:]
    if _digest(body) != check:
        raise CursorError(cursor, "it is no cursor, or not the whole of one")
    parts: list[Any] = json.loads(body)
    return parts
