from dataclasses import replace

import pytest

from raincheck.index import Index
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import (
    InvalidWriteError,
    MetadataConflictError,
    ReferenceNotFoundError,
    VersionExistsError,
    VersionNameError,
)
from raincheck_contracts.events import (
    AliasMoved,
    ArtifactVersionPublished,
    Event,
    MetadataLogged,
    TagAdded,
)
from raincheck_contracts.runs import StepState
from tests.support.builders import new_version, nonce, pipeline, record, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key, key_names


def _last(index: Index) -> Event:
    return index.events.read()[-1]


def test_versions_are_numbered_from_one(driver: Driver) -> None:
    """Each artifact has its own counter; chosen names do not move it."""
    assert driver.publish("model").version == "1"
    assert driver.publish("model", "beta").version == "beta"
    assert driver.publish("model").version == "2"
    assert driver.publish("model", "3").version == "3"
    assert driver.publish("other").version == "1"
    names = [version.version for version in driver.index.records.versions("model")]
    assert names == ["3", "2", "beta", "1"]


def test_a_version_comes_back_as_it_was_published(driver: Driver) -> None:
    """Record, bytes, tags, metadata, and what the index adds."""
    metadata: dict[str, JsonValue] = {"MSE": 0.5, "empty": [], "nested": {"a": {}}}
    new = new_version("model", tags=("b", "a"), metadata=metadata)
    done = driver.index.versions.publish(nonce(), new)
    found = driver.index.records.version("model", "1")
    assert found is not None
    assert (found.record, found.tags, found.metadata) == (record(), ("a", "b"), metadata)
    assert (found.sequence, found.revision) == (1, done.revision)
    assert found.published_at == pytest.approx(int(ask(driver.index, "TIME")[0]) * 1000, abs=5_000)
    assert driver.index.records.inline("model", "1") == b"1.5"


def test_the_same_request_publishes_once(driver: Driver) -> None:
    """A repeat gives the first version, also when others came in between."""
    request = nonce()
    first = driver.index.versions.publish(request, new_version("model"))
    driver.publish("model")
    before = dump(driver.index)
    again = driver.index.versions.publish(request, new_version("model"))
    assert (again.version, again.revision) == (first.version, first.revision)
    assert dump(driver.index) == before


def test_a_request_is_remembered_for_a_day(driver: Driver) -> None:
    """And then forgotten: the key has a time to live."""
    request = nonce()
    driver.index.versions.publish(request, new_version("model"))
    ttl = ask(driver.index, "TTL", key(driver.index, f"req:{request}"))
    assert ttl == pytest.approx(86_400, abs=60)


def test_a_version_is_created_once(driver: Driver) -> None:
    """A chosen name that exists is refused, and nothing is written."""
    driver.publish("model", "beta")
    before = dump(driver.index)
    with pytest.raises(VersionExistsError, match="model@beta exists"):
        driver.publish("model", "beta", MSE=0.5)
    assert dump(driver.index) == before


@pytest.mark.parametrize("version", ["1", "0", "02", "007", "1002", "99999999999999999999"])
def test_the_index_counts(driver: Driver, version: str) -> None:
    """A number is refused that was passed, or is far ahead; the error names the next one."""
    driver.publish("model")
    before = dump(driver.index)
    expected = VersionExistsError if version == "1" else VersionNameError
    with pytest.raises(expected, match="next"):
        driver.publish("model", version)
    assert dump(driver.index) == before


def test_a_chosen_number_may_skip_some(driver: Driver) -> None:
    """What is skipped cannot come any more: a step that waits for it fails now."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model@5"), step("b", "model@11")))
    driver.parked(run, "a")
    driver.parked(run, "b")
    assert driver.publish("model", "10").version == "10"
    assert driver.wake() == []
    assert driver.state(run, "a") is StepState.FAILED
    assert driver.state(run, "b") is StepState.WAITING
    assert driver.publish("model").version == "11"
    assert driver.wake() == ["b"]
    with pytest.raises(VersionNameError, match="next is 12"):
        driver.publish("model", "9")


def test_siblings_are_counted_one_after_another(driver: Driver) -> None:
    """Also when one of them chooses its number."""
    spec = pipeline(step("a", outputs=["model"]))
    run = driver.submit(spec)
    items = [
        replace(new_version("model", version), output=f"o{place}")
        for place, version in enumerate([None, "5", "cat", None, "7"])
    ]
    done = driver.finish(run, "a", *items)
    assert list(done.outputs.values()) == [f"model@{name}" for name in ("1", "5", "cat", "6", "7")]


@pytest.mark.parametrize(
    "number", ["nan", "inf", "-inf", "0x10", " 1", "1 ", "1e400", "True", "1_0", "", "\u0661"]
)
def test_a_number_that_is_none_is_refused_before_anything_is_written(
    driver: Driver, number: str
) -> None:
    """Whatever a client in another language sends: no half-written publication."""
    before = dump(driver.index)
    arguments = new_version("model", metadata={"fine": 1, "MSE": 2}).arguments()
    assert arguments[-1] == "2.0"
    reply = driver.index.connection.call("publish", nonce(), *arguments[:-1], number)
    if number == "":  # what is no number is kept, and not ranked
        assert reply[0] == b"DONE"
        assert "best:model:MSE" not in key_names(driver.index)
        return
    assert reply == [b"INVALID", b"metadata MSE is not a finite number"]
    assert dump(driver.index) == before


def test_a_number_too_small_for_the_server_is_ranked_as_zero(driver: Driver) -> None:
    """Lua reads it, ZADD would refuse it after other writes."""
    arguments = new_version("model", metadata={"MSE": 0}).arguments()
    reply = driver.index.connection.call("publish", nonce(), *arguments[:-1], "1e-400")
    assert reply[0] == b"DONE"
    assert ask(driver.index, "ZCARD", key(driver.index, "best:model:MSE")) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("-inf")}])
def test_metadata_that_is_no_json_is_refused(driver: Driver, value: JsonValue) -> None:
    """The error names the key; nothing is sent."""
    before = dump(driver.index)
    with pytest.raises(InvalidWriteError, match="'MSE'"):
        driver.publish("model", MSE=value)
    assert dump(driver.index) == before


@pytest.mark.parametrize("name", ["", "Model", "a:b", "a/b", "a b", "{a}", "a\n", "x" * 65])
def test_a_name_that_would_be_none_is_refused(driver: Driver, name: str) -> None:
    """Keys are built from names, and every event must be readable."""
    before = dump(driver.index)
    with pytest.raises(InvalidWriteError, match="artifact"):
        driver.publish(name)
    assert dump(driver.index) == before


def test_other_names_are_checked_too(driver: Driver) -> None:
    """Versions, tags, aliases and metadata keys."""
    driver.publish("model")
    before = dump(driver.index)
    versions = driver.index.versions
    with pytest.raises(InvalidWriteError, match="version"):
        driver.publish("model", "a:b")
    with pytest.raises(InvalidWriteError, match="tag"):
        versions.publish(nonce(), new_version("model", tags=("",)))
    with pytest.raises(InvalidWriteError, match="tag"):
        versions.tag("model", "1", "a b")
    with pytest.raises(InvalidWriteError, match="metadata key"):
        versions.log_metadata("model", "1", {"a\x1fb": 1})
    for alias in ("latest", "42", "a:b", "prod\n"):
        with pytest.raises(InvalidWriteError, match="alias"):
            versions.set_alias(nonce(), "model", alias, "1")
    assert dump(driver.index) == before


def test_an_alias_is_moved_with_one_event(driver: Driver) -> None:
    """The event says what it named before."""
    driver.publish("model")
    driver.publish("model")
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    first = _last(driver.index)
    driver.index.versions.set_alias(nonce(), "model", "prod", None)
    second = _last(driver.index)
    assert isinstance(first, AliasMoved)
    assert isinstance(second, AliasMoved)
    assert (first.data.version, first.data.previous) == ("1", None)
    assert (second.data.version, second.data.previous) == ("2", "1")
    assert driver.index.records.aliases("model") == {"prod": "2"}


def test_a_repeated_move_does_not_undo_a_later_one(driver: Driver) -> None:
    """A moves it to 1, B to 2, the repeat of A changes nothing."""
    driver.publish("model")
    driver.publish("model")
    request = nonce()
    first = driver.index.versions.set_alias(request, "model", "prod", "1")
    driver.index.versions.set_alias(nonce(), "model", "prod", "2")
    before = dump(driver.index)
    again = driver.index.versions.set_alias(request, "model", "prod", "1")
    assert (again.version, again.revision) == (first.version, first.revision)
    assert dump(driver.index) == before


def test_an_alias_can_be_compared_and_set(driver: Driver) -> None:
    """It moves only from the version that the caller expects."""
    driver.publish("model")
    driver.publish("model")
    versions = driver.index.versions
    with pytest.raises(InvalidWriteError, match="names nothing now"):
        versions.set_alias(nonce(), "model", "prod", "2", expected="1")
    versions.set_alias(nonce(), "model", "prod", "1")
    before = dump(driver.index)
    with pytest.raises(InvalidWriteError, match="names 1 now"):
        versions.set_alias(nonce(), "model", "prod", "1", expected="2")
    assert dump(driver.index) == before
    versions.set_alias(nonce(), "model", "prod", "2", expected="1")
    assert driver.index.records.aliases("model") == {"prod": "2"}


def test_an_alias_set_to_what_it_names_is_no_change(driver: Driver) -> None:
    """No event, no revision."""
    driver.publish("model")
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    revision = driver.index.records.revision()
    done = driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    assert done.revision == driver.index.records.revision() == revision


def test_metadata_is_written_once(driver: Driver) -> None:
    """Another value is refused as a whole; the same value again is fine and changes nothing."""
    driver.publish("model", MSE=0.5)
    log = driver.index.versions.log_metadata
    before = dump(driver.index)
    with pytest.raises(MetadataConflictError) as caught:
        log("model", "1", {"new": 1, "MSE": 0.4})
    error = caught.value
    assert (error.version, error.key, error.old, error.new) == ("model@1", "MSE", "0.5", "0.4")
    log("model", "1", {"MSE": 0.5})
    assert dump(driver.index) == before


def test_each_metadata_entry_is_an_event_of_one_revision(driver: Driver) -> None:
    """Keys that were there already are none."""
    driver.publish("model", MSE=0.5)
    done = driver.index.versions.log_metadata("model", None, {"MSE": 0.5, "a": 1, "b": 2})
    events = driver.index.events.read(after="1-1")
    assert [event.id for event in events] == [f"{done.revision}-1", f"{done.revision}-2"]
    keys = [event.data.key for event in events if isinstance(event, MetadataLogged)]
    assert keys == ["a", "b"]


def test_a_tag_is_one_event(driver: Driver) -> None:
    """The second time it changes nothing."""
    driver.publish("model")
    driver.index.versions.tag("model", None, "t")
    event = _last(driver.index)
    assert isinstance(event, TagAdded)
    assert (event.data.version, event.data.tag) == ("1", "t")
    before = dump(driver.index)
    driver.index.versions.tag("model", "1", "t")
    assert dump(driver.index) == before
    found = driver.index.records.version("model", "1")
    assert found is not None
    assert found.tags == ("t",)


@pytest.mark.parametrize("version", ["7", None])
def test_what_does_not_exist_cannot_be_annotated(driver: Driver, version: str | None) -> None:
    """A version that is not there, and the newest of an artifact without versions."""
    before = dump(driver.index)
    versions = driver.index.versions
    with pytest.raises(ReferenceNotFoundError, match="there is no version model"):
        versions.log_metadata("model", version, {"a": 1})
    with pytest.raises(ReferenceNotFoundError, match="there is no version model"):
        versions.tag("model", version, "t")
    with pytest.raises(ReferenceNotFoundError, match="there is no version model"):
        versions.set_alias(nonce(), "model", "prod", version)
    assert dump(driver.index) == before


def test_every_change_raises_the_revision_by_one(driver: Driver) -> None:
    """Whatever its kind and however many events it has."""
    index = driver.index
    assert index.records.revision() == 0
    revisions = [
        driver.publish("model", a=1, b=2).revision,
        index.versions.log_metadata("model", None, {"c": 1, "d": 2}).revision,
        index.versions.tag("model", None, "t").revision,
        index.versions.set_alias(nonce(), "model", "prod", None).revision,
        driver.publish("other").revision,
    ]
    assert revisions == [1, 2, 3, 4, 5]
    assert index.records.revision() == 5


def test_every_event_can_be_read_and_has_its_place(driver: Driver) -> None:
    """Ids are unique and in order; reading goes on after any of them."""
    driver.publish("model", a=1)
    driver.index.versions.log_metadata("model", None, {"c": 1, "d": 2, "e ä/:": [1]})
    driver.index.versions.tag("model", None, "t")
    driver.index.versions.set_alias(nonce(), "model", "prod", None)
    events = driver.index.events.read()
    places = [tuple(map(int, event.id.split("-"))) for event in events]
    assert places == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1)]
    assert isinstance(events[0], ArtifactVersionPublished)
    assert {event.source for event in events} == {f"raincheck/{driver.index.namespace}"}
    assert driver.index.events.read(after=events[2].id) == events[3:]
    assert driver.index.events.read(limit=2) == events[:2]


def test_versions_are_listed_newest_first_in_pages(driver: Driver) -> None:
    """As many as asked for, over the borders of pages."""
    for _ in range(620):
        driver.publish("model")
    listed = [int(version.version) for version in driver.index.records.versions("model")]
    assert listed == list(range(620, 0, -1))
    some = driver.index.records.versions("model", 510)
    assert [int(version.version) for version in some] == list(range(620, 110, -1))
    assert driver.index.records.version_count("model") == 620
    assert list(driver.index.records.versions("other")) == []


def test_artifacts_are_listed_by_name(driver: Driver) -> None:
    """Those that have a version."""
    for name in ("b", "a.b", "a"):
        driver.publish(name)
    assert driver.index.records.artifact_names() == ["a", "a.b", "b"]
    assert driver.index.records.version("a", "7") is None
    assert driver.index.records.inline("a", "7") is None
