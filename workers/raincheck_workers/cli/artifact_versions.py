"""`raincheck artifacts versions`: the versions of one artifact, filtered, sorted, by page."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from raincheck.client.artifact_listing import VersionPage, read_page
from raincheck.client.listing_options import listing_of
from raincheck.deployment import Deployment, current_deployment
from raincheck.index import Index
from raincheck.index.listing_scripts import VersionListing
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.selectors import Condition, WhereSelector
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.nothing import print_nothing
from raincheck_workers.cli.rendering.version_table import version_table

_MOMENT = "2026-11-01 or 2026-11-01T06:00"


def versions_of(  # noqa: PLR0913 - the filters
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the artifact.")],
    *,
    tag: Annotated[str | None, typer.Option(help="Those with this tag.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Those with MSE<0.2, say; may be repeated."),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(help="Those that runs of this pipeline published.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Those that this run published.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"Published at {_MOMENT}, or later.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Published before.")] = None,
    sort_by: Annotated[
        str | None, typer.Option(metavar="KEY", help="Sorted by this number of the metadata.")
    ] = None,
    order: Annotated[
        Literal["newest", "oldest", "min", "max"] | None,
        typer.Option(help="What comes first; min or max with --sort-by."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Versions of a page.")] = 20,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="What the page before ended with.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List versions of an artifact, newest first, a page at a time."""
    deployment = current_deployment()
    listing = listing_of(
        name,
        tag=tag,
        where=_conditions(name, where or []),
        pipeline=pipeline,
        run=run,
        published_after=_moment("--since", since),
        published_before=_moment("--until", until),
        sort_by=sort_by,
        order=order,
    )
    index = deployment.index.answering(name)
    page = read_page(deployment, index, listing, limit, after)
    if as_json:
        found = [version.record.model_dump(mode="json") for version in page.versions]
        print_json({"versions": found, "next_cursor": page.next_cursor})
    else:
        _print(deployment, index, listing, page)


def _print(
    deployment: Deployment, index: Index, listing: VersionListing, page: VersionPage
) -> None:
    if page.versions:
        aliases = index.records.aliases(listing.artifact)
        versions = [version.record for version in page.versions]
        name = listing.artifact
        if index.namespace != deployment.index.namespace:
            name = f"{index.namespace}/{name}"
        title, key = f"{name}: {_order(listing)}", listing.sort_by or ""
        output().print(version_table(versions, title, aliases, key))
    else:
        print_nothing(f"such versions of {listing.artifact}", deployment)
    if page.next_cursor is not None:
        output().print(f"the next page: --after {page.next_cursor}", soft_wrap=True)


def _order(listing: VersionListing) -> str:
    key = "" if listing.sort_by is None else f" {listing.sort_by}"
    return f"{listing.order}{key} first"


def _conditions(name: str, texts: list[str]) -> tuple[Condition, ...]:
    if not texts:
        return ()
    selector = parse_reference(f"{name}?where={','.join(texts)}").selector
    assert isinstance(selector, WhereSelector)  # noqa: S101 - what `?where=` is
    return selector.conditions


def _moment(option: str, given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given)
    except ValueError as error:
        raise ArgumentError(option, f"{given!r} is no time", f"Give {_MOMENT}") from error
