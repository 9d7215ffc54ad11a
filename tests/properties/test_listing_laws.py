"""Pages of a list, joined, are what a plain evaluation over all versions gives."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from fakeredis import FakeRedis, FakeServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raincheck.index import Connection, Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.connection import Commands
from raincheck.index.library import library_source
from raincheck.index.listing_scripts import VersionListing
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.selectors import Condition, Operator
from tests.support.builders import new_version, nonce
from tests.support.dumps import ask, key
from tests.support.servers import fresh_namespace, valkey_index

pytestmark = pytest.mark.usefixtures("unmeasured")

_COMPARED: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}
# Few values, so that there are equals; among them some that doubles are easily wrong about.
_NUMBERS = st.sampled_from([0, 1, 0.1, 0.30000000000000004, 0.3, -2.5, 5e-324, 1e300, 2**53 + 1])
_VALUES: st.SearchStrategy[JsonValue] = st.one_of(_NUMBERS, st.sampled_from(["x", True, [], None]))
_METADATA = st.dictionaries(st.sampled_from(["MSE", "R 2"]), _VALUES)
_VERSION = st.fixed_dictionaries(
    {
        "metadata": _METADATA,
        "later": _METADATA,
        "tag": st.sampled_from(["", "t", "u"]),
        "later_tag": st.sampled_from(["", "", "t"]),
        "by": st.sampled_from(["", "p", "q"]),
        "run": st.sampled_from([None, "r"]),
        "passed": st.integers(0, 2),
        "deleted": st.sampled_from([False, False, False, True]),
    }
)
_CONDITION = st.one_of(
    st.builds(
        Condition,
        key=st.sampled_from(["MSE", "R 2"]),
        op=st.sampled_from(sorted(_COMPARED)),
        value=_NUMBERS,
    ),
    st.builds(
        Condition, key=st.sampled_from(["MSE", "R 2"]), op=st.just(Operator.EQ), value=_VALUES
    ),
    st.builds(Condition, key=st.just("MSE"), op=st.just(Operator.EXISTS)),
)
_ORDER = st.sampled_from(
    [("newest", None), ("oldest", None), ("min", "MSE"), ("max", "MSE"), ("min", "R 2")]
)
_MOMENT = st.one_of(st.none(), st.integers(998, 1030))


def _listing(order: tuple[str, str | None], **filters: object) -> VersionListing:
    first, sort_by = order
    return VersionListing.model_validate(
        {"artifact": "m", "order": first, "sort_by": sort_by, **filters}
    )


_LISTING = st.builds(
    _listing,
    _ORDER,
    tag=st.sampled_from([None, None, "t"]),
    where=st.lists(_CONDITION, max_size=2).map(tuple),
    pipeline=st.sampled_from([None, None, "p"]),
    run=st.sampled_from([None, None, "r"]),
    since=_MOMENT,
    until=_MOMENT,
)


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _holds(version: ArtifactVersion, condition: Condition) -> bool:
    if condition.key not in version.metadata:
        return False
    value, wanted = version.metadata[condition.key], condition.value
    if condition.op is Operator.EXISTS:
        return True
    a, b = _number(value), _number(wanted)
    if condition.op is Operator.EQ:
        return canonical_json(value) == canonical_json(wanted) or (a is not None and a == b)
    return a is not None and b is not None and _COMPARED[condition.op](a, b)


def _on(listing: VersionListing, version: ArtifactVersion) -> bool:
    return (
        (listing.tag is None or listing.tag in version.tags)
        and (listing.pipeline is None or listing.pipeline == version.pipeline)
        and (listing.run is None or listing.run == version.record.run)
        and (listing.since is None or version.published_at >= listing.since)
        and (listing.until is None or version.published_at < listing.until)
        and all(_holds(version, condition) for condition in listing.where)
        and (listing.sort_by is None or _number(version.metadata.get(listing.sort_by)) is not None)
    )


def _rank(listing: VersionListing, version: ArtifactVersion) -> tuple[float, int]:
    if listing.sort_by is None:
        return 0.0, version.sequence * (1 if listing.order == "oldest" else -1)
    number = _number(version.metadata[listing.sort_by])
    assert number is not None
    return number * (1 if listing.order == "min" else -1), -version.sequence


def _expected(index: Index, listing: VersionListing) -> list[str]:
    found = [version for version in index.records.versions("m") if _on(listing, version)]
    return [version.version for version in sorted(found, key=lambda item: _rank(listing, item))]


class _Publisher:
    """Publishes drawn versions, at times that rise."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.time = 1_000

    def publish(self, drawn: dict[str, Any]) -> None:
        """One version, with what is tagged and logged later."""
        new = new_version(
            "m", metadata=drawn["metadata"], tags=(drawn["tag"],) if drawn["tag"] else ()
        )
        record = new.record.model_copy(update={"run": drawn["run"]})
        versions = self.index.versions
        name = versions.publish(nonce(), replace(new, record=record)).version
        later = {k: v for k, v in drawn["later"].items() if k not in drawn["metadata"]}
        versions.log_metadata("m", name, later)
        if drawn["later_tag"]:
            versions.tag("m", name, drawn["later_tag"])
        self.time += drawn["passed"]
        stored = key(self.index, f"ver:m:{name}")
        ask(self.index, "HSET", stored, "at", self.time, "by", drawn["by"])
        if drawn["run"]:
            ask(self.index, "HSET", stored, "run", drawn["run"])


def _fake(rows: int, gathered: int) -> Commands:
    source = library_source()
    limits = "local ROWS, GATHERED = 128, 500"
    assert limits in source
    client = cast("Commands", FakeRedis(server=FakeServer()))
    changed = source.replace(limits, f"local ROWS, GATHERED = {rows}, {gathered}")
    client.execute_command("FUNCTION", "LOAD", changed)
    return client


#: With the limits of the library, and so small that few versions reach them.
_SERVERS = [_fake(128, 500), _fake(2, 3)]


def _paged(
    index: Index,
    listing: VersionListing,
    cut: tuple[int, int],
    between: Sequence[dict[str, Any]],
) -> list[str]:
    """All looks joined; one version is published before each but the first.

    Args:
        index: that is read.
        listing: what is listed.
        cut: versions and candidates of a look.
        between: what is published.
    """
    found, place, more = list[str](), None, True
    publisher, waiting = _Publisher(index), list(between)
    publisher.time = 1_040
    while more:
        seen = index.listing.look(listing, place, *cut)
        assert len(seen.versions) <= cut[0]
        found += [version.version for version in seen.versions]
        place, more = seen.place, seen.more
        if waiting:
            publisher.publish(waiting.pop())
    return found


def _check(
    index: Index,
    versions: Sequence[dict[str, Any]],
    listing: VersionListing,
    between: Sequence[dict[str, Any]],
    cut: tuple[int, int],
) -> None:
    publisher = _Publisher(index)
    for drawn in versions:
        publisher.publish(drawn)
    for place, drawn in enumerate(versions, 1):
        if drawn["deleted"]:
            index.deletions.delete(nonce(), "m", str(place), mover=Mover())
    before = _expected(index, listing)
    assert _paged(index, listing, cut, []) == before
    found = _paged(index, listing, cut, between)
    assert [name for name in found if int(name) <= len(versions)] == before
    after = _expected(index, listing)
    assert [name for name in after if name in found] == found


_DRAWN = given(
    versions=st.lists(_VERSION, max_size=12),
    listing=_LISTING,
    between=st.lists(_VERSION, max_size=3),
    cut=st.tuples(st.integers(1, 5), st.sampled_from([1, 2, 3, 1_000])),
    small=st.booleans(),
)
_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=150, deadline=None, suppress_health_check=_SLOW)
@_DRAWN
def test_pages_are_what_a_plain_evaluation_gives(
    versions: list[dict[str, Any]],
    listing: VersionListing,
    between: list[dict[str, Any]],
    cut: tuple[int, int],
    *,
    small: bool,
) -> None:
    """Whatever is listed, however it is cut, and whatever is published between two pages."""
    index = Index(Connection("redis://fake", fresh_namespace(), client=_SERVERS[small]))
    _check(index, versions, listing, between, cut)


@settings(max_examples=60, deadline=None, suppress_health_check=_SLOW)
@_DRAWN
def test_a_real_server_gives_the_same(
    valkey_url: str,
    versions: list[dict[str, Any]],
    listing: VersionListing,
    between: list[dict[str, Any]],
    cut: tuple[int, int],
    *,
    small: bool,
) -> None:
    """Its numbers are read and written by itself."""
    del small
    index = valkey_index(valkey_url)
    _check(index, versions, listing, between, cut)
    index.connection.close()
