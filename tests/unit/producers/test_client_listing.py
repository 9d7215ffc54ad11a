"""Lists of a client: filters, order, pages and their cursors."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from raincheck import Client, VersionPage, lt, save_artifact
from raincheck.client.listing_options import ListingOptions
from raincheck_contracts.errors import ArgumentError, CursorError
from raincheck_contracts.selectors import Condition, Operator

pytestmark = pytest.mark.usefixtures("deployment")


def _publish(*errors: float) -> None:
    for error in errors:
        save_artifact(error, "model", metadata={"MSE": error}, tags=["low"] if error < 1 else [])


def _names(page: VersionPage) -> str:
    return " ".join(version.version for version in page.versions)


def _listed(**options: object) -> str:
    found = Client().list_artifact_versions("model", **options)  # type: ignore[arg-type]
    return " ".join(version.version for version in found)


def test_a_list_has_filters_and_an_order() -> None:
    """The first by a metric is the version that `best=` gives."""
    _publish(0.5, 2.0, 0.1, 0.1)
    client = Client()
    assert _listed(sort_by="MSE", order="min") == "4 3 1 2"
    assert client.get_artifact_version("model", best="MSE", mode="min").version == "4"
    assert _listed(sort_by="MSE", order="max", limit=2) == "2 1"
    assert _listed(tag="low", where={"MSE": lt(0.5)}) == "4 3"
    between = [
        Condition(key="MSE", op=op, value=v) for op, v in ((Operator.LT, 2), (Operator.GT, 0.1))
    ]
    assert _listed(where=between) == "1"
    assert _listed(where={"MSE": 2.0}) == "2"
    assert _listed(order="oldest") == "1 2 3 4"
    assert _listed(pipeline="train") == _listed(run="r") == ""


def test_a_list_is_of_a_time() -> None:
    """From a moment on, until before it: two that meet share no version and miss none."""
    _publish(0.5)
    (version,) = Client().list_artifact_versions("model")
    moment = version.published_at
    assert _listed(published_after=moment) == "1"
    assert _listed(published_before=moment) == ""
    later = moment + timedelta(microseconds=1)
    assert _listed(published_after=later) == ""
    assert _listed(published_before=later) == "1"
    local = moment.astimezone().replace(tzinfo=None)
    assert _listed(published_after=local, published_before=later) == "1"
    assert _listed(published_before=datetime(1970, 1, 1, tzinfo=UTC)) == ""


def test_a_page_says_how_the_list_goes_on() -> None:
    """By a cursor that is stable while versions are added; None at the end."""
    _publish(0.5, 2.0, 0.1, 0.2, 0.1)
    client, found, cursor = Client(), list[str](), None
    for _ in range(3):
        page = client.list_artifact_versions_page(
            "model", limit=2, sort_by="MSE", order="min", after=cursor
        )
        found.append(_names(page))
        cursor = page.next_cursor
        _publish(0.05)
        if cursor is None:
            break
        assert cursor.isascii()
        assert cursor.isprintable()
        rest = client.list_artifact_versions("model", sort_by="MSE", order="min", after=cursor)
        assert len(list(rest)) == 5 - 2 * len(found)
    assert found == ["5 3", "4 1", "2"]
    assert cursor is None


def test_a_long_list_is_read_while_it_is_asked_for() -> None:
    """In pages of 100, also a long page; nothing is asked before the first is wanted."""
    for number in range(230):
        save_artifact(number, "model")
    numbers = [str(number) for number in range(230, 0, -1)]
    page = Client().list_artifact_versions_page("model", limit=215)
    assert _names(page).split() == numbers[:215]
    assert _listed().split() == numbers
    assert _listed(limit=105).split() == numbers[:105]
    versions = Client().list_artifact_versions("model")
    save_artifact(0, "model")
    assert [version.version for version in islice(versions, 2)] == ["231", "230"]


@pytest.mark.parametrize(
    ("artifact", "options", "problem"),
    [
        ("other", {}, "it is of a list of 'model', this one is of 'other'"),
        ("model", {"order": "oldest"}, "the newest first, this one has the oldest first"),
        ("model", {"sort_by": "MSE", "order": "min"}, "this one has the min MSE first"),
        ("model", {"tag": "low"}, "other filters"),
        ("model", {"where": {"MSE": lt(1)}}, "other filters"),
    ],
)
def test_a_cursor_of_another_list_is_refused(
    artifact: str, options: ListingOptions, problem: str
) -> None:
    """It says which; a list says so before anything is read."""
    _publish(0.5, 2.0)
    client = Client()
    cursor = client.list_artifact_versions_page("model", limit=1).next_cursor
    assert cursor is not None
    for ask in (client.list_artifact_versions, client.list_artifact_versions_page):
        with pytest.raises(CursorError) as caught:
            ask(artifact, after=cursor, **options)
        assert problem in str(caught.value)
        assert caught.value.cursor == cursor


def test_what_is_no_cursor_is_refused() -> None:
    """Any other text, part of a cursor, one with a letter changed."""
    _publish(0.5, 2.0)
    cursor = Client().list_artifact_versions_page("model", limit=1).next_cursor
    assert cursor is not None
    changed = cursor[:12] + ("A" if cursor[12] != "A" else "B") + cursor[13:]
    for text in ("", "1", "x" * 40, "ü", cursor[:-4], changed, f"{cursor[:9]} {cursor[9:]}"):
        with pytest.raises(CursorError):
            Client().list_artifact_versions_page("model", limit=1, after=text)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"sort_by": "MSE"}, "sort_by='MSE' has no order"),
        ({"sort_by": "MSE", "order": "newest"}, "needs order='min' or order='max'"),
        ({"order": "max"}, "order='max' needs sort_by="),
        ({"order": "best"}, "order='best'"),
        ({"tag": "a b"}, "tag='a b'"),
        ({"run": ""}, "run=''"),
        ({"published_after": 7}, "published_after=7 is no datetime"),
        ({"limit": -1}, "limit=-1"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(options: dict[str, object], problem: str) -> None:
    """At the call, not at the first version."""
    with pytest.raises(ArgumentError) as caught:
        Client().list_artifact_versions("model", **options)  # type: ignore[arg-type]
    assert problem in str(caught.value)


def test_a_page_has_room_for_a_version() -> None:
    """A list may end at once; an empty page could not say how it goes on."""
    _publish(0.5)
    assert _listed(limit=0) == ""
    with pytest.raises(ArgumentError, match="limit=0 is no number of versions"):
        Client().list_artifact_versions_page("model", limit=0)


def test_artifacts_are_listed_by_name() -> None:
    """In pages: what begins so, after a name, so many."""
    for name in ("b", "a", "a.b", "a-b", "ab", "c"):
        save_artifact(1, name)
    client = Client()
    assert client.list_artifacts() == ["a", "a-b", "a.b", "ab", "b", "c"]
    assert client.list_artifacts("a") == ["a", "a-b", "a.b", "ab"]
    assert client.list_artifacts("a", after="a-b") == ["a.b", "ab"]
    assert client.list_artifacts("b", after="a") == ["b"]
    assert client.list_artifacts("a", after="b") == []
    assert client.list_artifacts(after="ab", limit=1) == ["b"]
    assert client.list_artifacts(limit=0) == []
