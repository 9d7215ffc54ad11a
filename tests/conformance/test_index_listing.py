from collections.abc import Iterator, Mapping

import pytest

from raincheck.index import Index
from raincheck.index.listing_scripts import Order, Place, Slice, VersionListing
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.selectors import Condition, Operator
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key


def walked(
    index: Index, listing: VersionListing, size: int = 3, budget: int = 1_000
) -> Iterator[Slice]:
    """The looks that a list takes, from its beginning to its end."""
    after: Place | None = None
    while True:
        seen = index.listing.look(listing, after, size, budget)
        yield seen
        if not seen.more:
            return
        assert seen.place != after, "it goes on"
        after = seen.place


def listed(
    index: Index, listing: VersionListing, size: int = 3, budget: int = 1_000
) -> list[ArtifactVersion]:
    """All of a list, read with so many versions and candidates a look."""
    return [found for seen in walked(index, listing, size, budget) for found in seen.versions]


def _names(driver: Driver, size: int = 3, budget: int = 1_000, /, **options: object) -> str:
    listing = VersionListing.model_validate({"artifact": "m", **options})
    return " ".join(found.version for found in listed(driver.index, listing, size, budget))


def _where(key: str, operator: Operator, value: JsonValue = None) -> tuple[Condition, ...]:
    return (Condition(key=key, op=operator, value=value),)


def _publish(driver: Driver, *numbers: float | None) -> None:
    for number in numbers:
        driver.publish("m", **({} if number is None else {"MSE": number}))


SIZES = [1, 2, 3, 50]


@pytest.mark.parametrize("size", SIZES)
def test_a_list_is_newest_or_oldest_first(driver: Driver, size: int) -> None:
    """In pages of any size; another artifact's versions are not on it."""
    _publish(driver, *range(5))
    driver.publish("other")
    assert _names(driver, size) == "5 4 3 2 1"
    assert _names(driver, size, order="oldest") == "1 2 3 4 5"
    assert _names(driver, size, artifact="none") == ""


@pytest.mark.parametrize("size", SIZES)
def test_a_list_is_sorted_by_a_number_and_of_equals_the_newest_is_first(
    driver: Driver, size: int
) -> None:
    """So its first is what `?min=` and `?max=` name; what has no number is not listed."""
    _publish(driver, 0.5, 0.1, None, 0.5, 1 / 3, 0.1, -2, 0.5)
    driver.publish("m", MSE="none")
    assert _names(driver, size, sort_by="MSE", order="min") == "7 6 2 5 8 4 1"
    assert _names(driver, size, sort_by="MSE", order="max") == "8 4 1 5 6 2 7"


@pytest.mark.parametrize("size", SIZES)
def test_equals_at_the_border_of_a_page_come_once(driver: Driver, size: int) -> None:
    """However many there are, before and behind other numbers."""
    _publish(driver, 2, *[1.0] * 6, 0)
    assert _names(driver, size, sort_by="MSE", order="min") == "8 7 6 5 4 3 2 1"
    assert _names(driver, size, sort_by="MSE", order="max") == "1 7 6 5 4 3 2 8"


def test_many_equals_are_read_from_their_end(driver: Driver) -> None:
    """More than are read at once, which are 128."""
    _publish(driver, *[1.0] * 150, 2, 0)
    expected = [152, *range(150, 0, -1), 151]
    assert _names(driver, 70, sort_by="MSE", order="min") == " ".join(map(str, expected))


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        (Operator.LT, 0.2, "5 1"),
        (Operator.LE, 0.2, "5 2 1"),
        (Operator.GT, 0.2, "6 3"),
        (Operator.GE, 0.2, "6 3 2"),
        (Operator.EQ, 0.2, "2"),
        (Operator.EQ, "x", "4"),
        (Operator.EXISTS, None, "6 5 4 3 2 1"),
        (Operator.LT, -1, ""),
    ],
)
def test_a_condition_filters(
    driver: Driver, operator: Operator, value: JsonValue, found: str
) -> None:
    """Each operator, as in a reference; the same in the order of the key, where it has one."""
    _publish(driver, 0.1, 0.2, 0.3)
    driver.publish("m", MSE="x")
    _publish(driver, 0.0, 5, None)
    where = _where("MSE", operator, value)
    for size in SIZES:
        assert _names(driver, size, where=where) == found
        ranked = _names(driver, size, where=where, sort_by="MSE", order="min")
        assert sorted(ranked.split()) == sorted(set(found.split()) - {"4"})


def test_filters_must_hold_together(driver: Driver) -> None:
    """A tag, also a later one, two conditions, one on a key that is logged later."""
    _publish(driver, 0.1, 0.2, 0.3, 0.4)
    versions = driver.index.versions
    for version in "124":
        versions.tag("m", version, "nightly")
        versions.log_metadata("m", version, {"R2": int(version)})
    two = (*_where("MSE", Operator.LT, 0.35), *_where("R2", Operator.GE, 1))
    assert _names(driver, tag="nightly") == "4 2 1"
    assert _names(driver, where=two) == "2 1"
    assert _names(driver, where=_where("MSE", Operator.GT, 0.1), tag="nightly") == "4 2"
    assert _names(driver, tag="nightly", sort_by="R2", order="max") == "4 2 1"
    assert _names(driver, tag="unknown") == ""
    assert _names(driver, tag="nightly", order="oldest") == "1 2 4"


def test_a_list_is_of_one_pipeline_or_run(driver: Driver) -> None:
    """What was published by hand is of none."""
    runs = [driver.submit(pipeline(step("a", outputs=["m"]))) for _ in range(2)]
    for run in runs:
        driver.finish(run, "a", new_version("m", output="m"))
    _publish(driver, 1.0)
    assert _names(driver, pipeline="p") == "2 1"
    assert _names(driver, pipeline="q") == ""
    assert _names(driver, run=runs[0]) == "1"
    assert _names(driver, run=runs[1]) == "2"
    assert _names(driver, run="other") == ""


def test_a_version_comes_with_all_that_is_known_of_it(driver: Driver) -> None:
    """As it is read by its name."""
    version = new_version("m", "v1", tags=("t",), metadata={"a": [], "n": 9007199254740993})
    driver.index.versions.publish(nonce(), version)
    driver.index.versions.tag("m", "v1", "later")
    assert listed(driver.index, VersionListing(artifact="m")) == [
        driver.index.records.version("m", "v1")
    ]


@pytest.mark.parametrize(
    ("order", "sort_by", "after", "rest"),
    [
        ("newest", None, "6 5", "4 3 2 1"),
        ("oldest", None, "1 2", "3 4 5 6 7 8 9"),
        ("min", "MSE", "2 3", "9 1 4 5 8 6"),
        ("max", "MSE", "6 5", "4 9 1 3 2 7"),
    ],
)
def test_what_is_published_between_pages_moves_nothing(
    driver: Driver, order: Order, sort_by: str | None, after: str, rest: str
) -> None:
    """What was there comes once; what is new comes where its place is, if that is still ahead."""
    _publish(driver, 3, 1, 2, 4, 5, 6)
    listing = VersionListing(artifact="m", order=order, sort_by=sort_by)
    first = driver.index.listing.look(listing, None, 2)
    assert " ".join(found.version for found in first.versions) == after
    _publish(driver, 0, 5.5, 3)
    found, place, more = list[str](), first.place, True
    while more:
        seen = driver.index.listing.look(listing, place, 1)
        found += [version.version for version in seen.versions]
        assert len(found) < 10, "it ends"
        place, more = seen.place, seen.more
    assert " ".join(found) == rest


def test_one_look_keeps_to_its_budget(driver: Driver) -> None:
    """It says how far it came, and the list goes on there."""
    _publish(driver, *[5.0] * 9, 1)
    listing = VersionListing(artifact="m", order="newest", pipeline="none")
    looks = list(walked(driver.index, listing, size=3, budget=4))
    assert [seen.looked for seen in looks] == [4, 4, 2]
    assert [seen.place.sequence for seen in looks if seen.place] == [7, 3, 1]
    assert [seen.more for seen in looks] == [True, True, False]
    page = driver.index.listing.page(listing, None, 5)
    assert (page.versions, page.looked, page.more) == ((), 10, False)


def test_a_full_page_at_the_end_of_a_list_is_the_last(driver: Driver) -> None:
    """Nothing is left to look at, so nobody has to ask."""
    _publish(driver, 1, 2, 3)
    for options in ({}, {"order": "oldest"}, {"order": "min", "sort_by": "MSE"}):
        listing = VersionListing.model_validate({"artifact": "m", **options})
        assert [seen.more for seen in walked(driver.index, listing, size=3)] == [False]


def _crowd(driver: Driver) -> None:
    """120 versions; every 12th has the tag, a number of its own below 0 and is by hand."""
    for number in range(1, 121):
        rare = number % 12 == 0
        version = new_version(
            "m", tags=("rare",) if rare else (), metadata={"MSE": -number if rare else 1.5}
        )
        driver.index.versions.publish(nonce(), version)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 5),
        ({"tag": "rare"}, 5),
        ({"where": _where("MSE", Operator.LT, 0)}, 20),
        ({"where": _where("MSE", Operator.EQ, -12)}, 5),
        ({"sort_by": "MSE", "order": "min"}, 5),
        ({"sort_by": "MSE", "order": "max", "where": _where("MSE", Operator.LT, 0)}, 5),
        ({"sort_by": "MSE", "order": "max", "tag": "rare"}, 20),
        ({"tag": "rare", "where": _where("MSE", Operator.EQ, 1.5)}, 10),
    ],
)
def test_what_is_sorted_already_is_used(
    driver: Driver, options: Mapping[str, object], most: int
) -> None:
    """A page of 5 among 120 looks at few."""
    _crowd(driver)
    page = driver.index.listing.page(
        VersionListing.model_validate({"artifact": "m", **options}), None, 5
    )
    assert page.looked <= most


def below(name: str, value: JsonValue) -> tuple[Condition, ...]:
    """That the number under a key is less."""
    return _where(name, Operator.LT, value)


def test_complete_runs_of_equals_are_turned(driver: Driver) -> None:
    """Read together with a greater number."""
    _publish(driver, 1, 1, 1, 2, 2, 3)
    assert _names(driver, 6, sort_by="MSE", order="min") == "3 2 1 5 4 6"


def test_few_are_put_in_order_and_paged(driver: Driver) -> None:
    """Those in a small range, by sequence; those with a rare tag, by their number."""
    _publish(driver, *[5.0] * 40)
    for version, number in enumerate([0.3, 0.1, 0.2, 0.1], 41):
        _publish(driver, number)
        driver.index.versions.tag("m", str(version), "rare")
    _publish(driver, *[6.0] * 40)
    assert _names(driver, 2, where=below("MSE", 1)) == "44 43 42 41"
    assert _names(driver, 2, where=below("MSE", 1), order="oldest") == "41 42 43 44"
    assert _names(driver, 2, tag="rare", sort_by="MSE", order="min") == "44 42 43 41"
    assert _names(driver, 2, tag="rare", sort_by="MSE", order="max") == "41 43 44 42"
    assert _names(driver, 1, 1, tag="rare", sort_by="MSE", order="max") == "41 43 44 42"
    other = {"where": below("MSE", 1), "sort_by": "MSE", "order": "min", "tag": "rare"}
    assert _names(driver, 1, **other) == "44 42 43 41"


def _timed(driver: Driver) -> None:
    """Five versions, one a second."""
    _publish(driver, 3, 1, 2, 5, 4)
    for version in "12345":
        ask(driver.index, "HSET", key(driver.index, f"ver:m:{version}"), "at", int(version) * 1_000)
        driver.index.versions.tag("m", version, "t")


def test_times_are_a_range_of_sequences(driver: Driver) -> None:
    """From a moment on and until before another, with and without a tag."""
    _timed(driver)
    assert _names(driver, since=2_000) == "5 4 3 2"
    assert _names(driver, since=2_001, until=5_000) == "4 3"
    assert _names(driver, until=2_000) == "1"
    assert _names(driver, since=6_000) == _names(driver, until=1_000) == ""
    assert _names(driver, since=2_000, until=5_000, order="oldest", tag="t") == "2 3 4"
    late = VersionListing(artifact="m", since=4_000)
    assert driver.index.listing.page(late, None, 5).looked == 2


def test_times_hold_in_the_order_of_a_key(driver: Driver) -> None:
    """And where candidates come from a range of numbers."""
    _timed(driver)
    assert _names(driver, since=2_000, sort_by="MSE", order="min") == "2 3 5 4"
    assert _names(driver, 9, since=2_000, sort_by="MSE", order="min") == "2 3 5 4"
    assert _names(driver, since=2_000, where=_where("MSE", Operator.GE, 2)) == "5 4 3"
    where = _where("MSE", Operator.LE, 3)
    assert _names(driver, since=2_000, where=where, sort_by="MSE", order="max") == "3 2"
