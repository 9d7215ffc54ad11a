"""What a page costs among many versions, by count: of candidates, and of commands at the server."""

from collections.abc import Iterator

import pytest

from raincheck.index import Index
from raincheck.index.library import PREFIX
from raincheck.index.listing_scripts import BUDGET, Place, VersionListing
from raincheck_contracts.selectors import Condition, Operator
from tests.support.builders import new_version, nonce
from tests.support.dumps import key, key_names
from tests.support.servers import valkey_index

COUNT, SIZE = 20_000, 50


def _publish_many(index: Index) -> None:
    """Versions with a metric that no two share and one that all do; every 1,000th is rare."""
    connection = index.connection
    for first in range(1, COUNT + 1, 1_000):
        batch = connection.client.pipeline(transaction=False)
        for number in range(first, first + 1_000):
            tags = ("rare",) * (number % 1_000 == 0) + ("common",) * (number % 2 == 0)
            # A step through all of 0 to COUNT - 1 in another order than that of publication.
            made = new_version("m", tags=tags, metadata={"MSE": number * 7_919 % COUNT, "same": 1})
            words = (f"{PREFIX}publish", 1, connection.prefix, nonce(), *made.arguments())
            batch.execute_command("FCALL", *words)
        batch.execute()


@pytest.fixture(scope="module")
def many(valkey_url: str) -> Iterator[Index]:
    """An index with many versions of one artifact, which no test changes."""
    index = valkey_index(valkey_url)
    _publish_many(index)
    yield index
    # Others on this server ask for the names of its keys.
    index.connection.ask([("UNLINK", key(index, name)) for name in key_names(index)])
    index.connection.close()


def _commands(index: Index) -> int:
    """Commands that the server has done since its figures were reset, also those of scripts."""
    stats = index.connection.ask([("INFO", "commandstats")])[0]
    return sum(int(figures["calls"]) for figures in stats.values())


def _below(most: int) -> tuple[Condition, ...]:
    return (Condition(key="MSE", op=Operator.LT, value=most),)


_MIDDLE = Place(COUNT // 2, str(COUNT // 2 * 7_919 % COUNT))


@pytest.mark.parametrize(
    ("options", "after", "looked"),
    [
        ({}, None, 50),
        ({}, _MIDDLE, 50),
        ({"order": "oldest"}, _MIDDLE, 50),
        ({"sort_by": "MSE", "order": "min"}, None, 50),
        ({"sort_by": "MSE", "order": "min"}, _MIDDLE, 50),
        ({"sort_by": "MSE", "order": "max"}, _MIDDLE, 50),
        ({"sort_by": "same", "order": "min"}, None, 50),
        ({"sort_by": "same", "order": "min"}, Place(COUNT // 2, "1"), 50),
        ({"sort_by": "same", "order": "max"}, Place(COUNT // 2, "1"), 50),
        ({"tag": "rare"}, None, 20),
        ({"tag": "common"}, None, 50),
        ({"tag": "rare", "sort_by": "MSE", "order": "min"}, None, 40),
        ({"where": _below(50)}, None, 100),
        ({"where": _below(10_000)}, None, 150),
        ({"where": _below(2_000)}, None, 700),
        ({"where": _below(10_000), "tag": "rare"}, None, 20),
        ({"where": _below(50), "sort_by": "MSE", "order": "max"}, None, 50),
    ],
)
def test_a_page_looks_at_few_of_many(
    many: Index, options: dict[str, object], after: Place | None, looked: int
) -> None:
    """And each candidate costs the server a bounded number of commands."""
    listing = VersionListing.model_validate({"artifact": "m", **options})
    many.connection.ask([("CONFIG", "RESETSTAT")])
    page = many.listing.page(listing, after, SIZE)
    commands = _commands(many)
    assert page.versions
    assert page.looked <= looked
    assert commands <= 3 * looked + 120


def test_a_moment_is_found_by_halves(many: Index) -> None:
    """A page of what was published from a moment on reads few versions before it."""
    (newest,) = many.listing.page(VersionListing(artifact="m"), None, 1).versions
    late = VersionListing(artifact="m", since=newest.published_at, order="oldest")
    many.connection.ask([("CONFIG", "RESETSTAT")])
    page = many.listing.page(late, None, SIZE)
    assert page.looked <= SIZE
    assert _commands(many) <= 3 * SIZE + 120


def test_what_nothing_is_sorted_by_takes_many_short_looks(many: Index) -> None:
    """A filter that lets nothing pass goes through all, a bounded number at a time."""
    listing = VersionListing(artifact="m", pipeline="none")
    after, total = None, 0
    while True:
        seen = many.listing.look(listing, after, SIZE)
        assert seen.looked <= BUDGET
        total, after = total + seen.looked, seen.place
        if not seen.more:
            break
    assert total == COUNT
