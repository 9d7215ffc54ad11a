"""Which versions a call lists, and in which order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from pydantic import ValidationError
from typing_extensions import Unpack

from raincheck.client.predicates import Predicate, conditions_of
from raincheck.client.selecting import NAMES
from raincheck.index.listing_scripts import Order, VersionListing
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import Condition


class ListingOptions(TypedDict, total=False):
    """Filters, all of which must hold, and the order; each may be left out."""

    tag: str | None
    """With this tag."""
    where: Mapping[str, JsonValue | Predicate] | Sequence[Condition] | None
    """Whose metadata satisfies all of these; a plain value means equality. Conditions, for two
    on one key."""
    pipeline: str | None
    """That runs of this pipeline published."""
    run: str | None
    """That this run published."""
    published_after: datetime | None
    """Published at this moment or later, by the index server's clock; aware, or local time."""
    published_before: datetime | None
    """Published before this moment."""
    sort_by: str | None
    """Sorted by the number under this top-level metadata key; versions without are left out."""
    order: Order | None
    """What comes first: `newest`, the default, or `oldest`; with `sort_by` it must be given and
    is `min` or `max`, and of equals the newest comes first."""


def listing_of(name: str, **options: Unpack[ListingOptions]) -> VersionListing:
    """What is listed.

    Args:
        name: the artifact.
        options: see `ListingOptions`.

    Raises:
        ArgumentError: a name that cannot be one, or an order without its key.
    """
    where = options.get("where") or ()
    sort_by, order = options.get("sort_by"), options.get("order")
    if sort_by is not None and order is None:
        problem = f"sort_by={sort_by!r} has no order"
        raise ArgumentError(_CALL, problem, "Give order='min' or order='max': what comes first")
    try:
        return VersionListing(
            artifact=name,
            order=order or "newest",
            sort_by=sort_by,
            tag=options.get("tag"),
            where=conditions_of(where) if isinstance(where, Mapping) else tuple(where),
            pipeline=options.get("pipeline"),
            run=options.get("run"),
            since=_milliseconds("published_after", options.get("published_after")),
            until=_milliseconds("published_before", options.get("published_before")),
        )
    except ValidationError as error:
        raise refused_listing(_CALL, error) from error


_CALL = "list_artifact_versions"


def refused_listing(call: str, error: ValidationError) -> ArgumentError:
    """What a listing that cannot be meant is refused with."""
    first = error.errors()[0]
    problem = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:  # of several arguments together
        return ArgumentError(call, problem, "Give both, numbers beside < and >, or neither")
    return ArgumentError(call, f"{first['loc'][0]}={first['input']!r:.80}: {problem}", NAMES)


def _milliseconds(option: str, moment: object) -> int | None:
    """The first whole millisecond that is not before a moment."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        problem = f"{option}={moment!r:.80} is no datetime"
        raise ArgumentError(_CALL, problem, "Write datetime(2026, 11, 1, tzinfo=UTC)")
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1000 + -(-moment.microsecond // 1000)
