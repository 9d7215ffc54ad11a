"""Lists of one artifact with many versions, a page at a time, beside a plain GET."""

import secrets

from benchmarks.bench import Bench
from benchmarks.measure import Sample, show, timed
from raincheck.index import Connection, Index
from raincheck.index.entries import NewVersion
from raincheck.index.library import PREFIX
from raincheck.index.listing_scripts import Place, VersionListing
from raincheck_contracts.selectors import Condition, Operator

ARTIFACT, SIZE = "many", 50
#: Versions that are published in one round trip.
_BATCH = 1_000
#: One version in so many has the tag and the least of the errors.
_RARE = 1_000
_GET = "GET"


def listing(bench: Bench, repeats: int, versions: int) -> None:
    """Pages of 50 of so many versions; the last two walk where nothing is sorted for them."""
    index = Index(Connection(bench.deployment.index_url, f"bench-{secrets.token_hex(4)}"))
    client, samples = index.connection.client, dict[str, list[float]]()
    client.execute_command("SET", "bench:plain", "1")
    _publish(index, bench.deployment.store.prepare("x", ARTIFACT), versions)
    middle = Place(versions // 2, _error(versions // 2, versions))
    low = Condition(key="error", op=Operator.LT, value=versions // _RARE)
    some = Condition(key="error", op=Operator.LT, value=versions // 10)
    pages: dict[str, tuple[VersionListing, Place | None]] = {
        "first page, newest first": (_listing(), None),
        "page in the middle": (_listing(), middle),
        "first page, least error first": (_listing(sort_by="error", order="min"), None),
        "page in its middle": (_listing(sort_by="error", order="min"), middle),
        "a rare tag": (_listing(tag="rare"), None),
        "a rare tag, least error first": (
            _listing(tag="rare", sort_by="error", order="min"),
            None,
        ),
        f"where: one in {_RARE:,}": (_listing(where=(low,)), None),
        "where: one in ten": (_listing(where=(some,)), None),
    }
    for _ in range(repeats):
        plain = timed(lambda: client.execute_command("GET", "bench:plain"), 10)
        samples.setdefault(_GET, []).extend(plain)
        for name, (wanted, after) in pages.items():
            seconds = timed(lambda w=wanted, a=after: index.listing.page(w, a, SIZE), 1)  # type: ignore[misc]
            samples.setdefault(name, []).extend(seconds)
    missing = _listing(pipeline="none")
    samples["no such pipeline: one look"] = timed(
        lambda: index.listing.look(missing, None, SIZE), repeats
    )
    samples["no such pipeline: all of it"] = timed(
        lambda: index.listing.page(missing, None, SIZE), 1
    )
    shown = [Sample(name, seconds) for name, seconds in samples.items()]
    title = f"Pages of {SIZE} of {versions:,} versions"
    show(title, shown, dict.fromkeys(samples.keys() - {_GET}, _GET))
    index.connection.close()


def _listing(**options: object) -> VersionListing:
    return VersionListing.model_validate({"artifact": ARTIFACT, **options})


def _error(number: int, versions: int) -> str:
    """A number for each version, in another order than that of publication."""
    return str(number * 7_919 % versions)


def _publish(index: Index, version: NewVersion, versions: int) -> None:
    connection = index.connection
    for first in range(0, versions, _BATCH):
        batch = connection.client.pipeline(transaction=False)
        for number in range(first + 1, min(first + _BATCH, versions) + 1):
            made = NewVersion(
                artifact=version.artifact,
                record=version.record,
                inline=version.inline,
                tags=("rare",) if number % _RARE == 0 else (),
                metadata={"error": int(_error(number, versions))},
            )
            words = (secrets.token_hex(8), *made.arguments())
            batch.execute_command("FCALL", f"{PREFIX}publish", 1, connection.prefix, *words)
        batch.execute()
