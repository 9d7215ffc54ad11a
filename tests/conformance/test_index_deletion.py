"""Deleting a version: what it takes away, what stays, and who may still read it."""

from typing import Literal

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.listing_scripts import VersionListing
from raincheck.index.replies import BoundVersion, Unresolvable
from raincheck_contracts.deletions import Deletion
from raincheck_contracts.errors import (
    AliasGuardedError,
    InvalidWriteError,
    ReferenceNotFoundError,
    RollbackRefusedError,
    VersionAliasedError,
    VersionDeletedError,
)
from raincheck_contracts.events import AliasRemoved, ArtifactVersionDeleted
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, RunStatus, StepState
from tests.support.builders import new_version, nonce, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key, key_names
from tests.support.promoting import mover_of, moves, promote, roll_back
from tests.support.servers import fake_index

ANN = Mover(by="ann", why="outdated")


def delete(
    driver: Driver, version: str, *, force: bool = False, mover: Mover = ANN, artifact: str = "m"
) -> Deletion:
    """Delete a version of `m`."""
    done = driver.index.deletions.delete(nonce(), artifact, version, force=force, mover=mover)
    return done.deletion


def answer(index: Index, reference: str) -> str:
    """What a reference becomes now: a version, or why there is none."""
    found = index.versions.resolve([parse_reference(reference)]).answers[0]
    if isinstance(found, BoundVersion):
        return found.version
    return found.reason if not isinstance(found, tuple) else str([one.version for one in found])


def _end_grace(driver: Driver) -> None:
    """As after 24 hours: the server forgets the records of deleted versions."""
    late = [name for name in key_names(driver.index) if name.startswith("late:")]
    assert late
    for name in late:
        assert 0 < ask(driver.index, "PTTL", key(driver.index, name)) <= 86_400_000
        ask(driver.index, "DEL", key(driver.index, name))


def test_what_is_left_says_when_by_whom_and_why(driver: Driver) -> None:
    """The tombstone and the event tell; a second deletion and every change say so too."""
    driver.publish("m", a=1)
    kept = driver.index.records.version("m", "1")
    done = delete(driver, "1")
    (stone,) = driver.index.deletions.tombstones(["m@1", "m@2"]).values()
    assert kept is not None
    assert (stone.digest, stone.revision, stone.sequence) == (kept.record.digest, 1, 1)
    assert (stone.by, stone.why, stone.deleted_at) == ("ann", "outdated", done.deleted_at)
    assert stone.deleted_revision == done.revision == driver.index.records.revision()
    event = driver.index.events.read()[-1]
    assert isinstance(event, ArtifactVersionDeleted)
    assert (event.subject, event.data.by, event.data.why) == ("m@1", "ann", "outdated")
    versions = driver.index.versions
    for change in (
        lambda: delete(driver, "1"),
        lambda: versions.tag("m", "1", "t"),
        lambda: versions.log_metadata("m", "1", {"b": 1}),
        lambda: versions.set_alias(nonce(), "m", "prod", "1"),
        lambda: driver.index.aliases.promote(nonce(), "m", "1", "prod", mover=ANN),
    ):
        with pytest.raises(VersionDeletedError, match=r"m@1 was deleted on .* by ann: outdated"):
            change()
    with pytest.raises(ReferenceNotFoundError, match="no version m@2"):
        delete(driver, "2")


def test_a_name_is_never_used_again(driver: Driver) -> None:
    """Neither a number, nor a name, nor one of an artifact without versions."""
    driver.publish("m", "v1")
    driver.publish("m")
    delete(driver, "v1")
    delete(driver, "1")
    assert driver.index.records.artifact_names() == []
    for name in ("v1", "1"):
        with pytest.raises(VersionDeletedError, match="Its name is not used again"):
            driver.publish("m", name)
    assert driver.publish("m").version == "2"
    assert driver.index.records.artifact_names() == ["m"]


def test_a_deleted_version_is_in_no_list(driver: Driver) -> None:
    """Nothing of it is left in what is sorted: newest, best, tags, pipelines, runs."""
    run = driver.submit(pipeline(step("s")).model_copy(update={"name": "train"}))
    driver.finish(run, "s", new_version("m", output="o", metadata={"a": 1, "b": "x"}, tags=("t",)))
    before = dump(driver.index)
    driver.publish("other")
    delete(driver, "1")
    left = {name for name in key_names(driver.index) if ":m" in name}
    assert left == {"art:m", "gone:m", "late:m:1"}
    assert {"vers:m", "ver:m:1", "newest:m", "best:m:a", "tag:m:t"} <= set(before)


@pytest.mark.parametrize(
    ("reference", "before", "after"),
    [
        ("m", "3", "2"),
        ("m~1", "2", "1"),
        ("m?max=a", "3", "2"),
        ("m?tag=t", "3", "2"),
        ("m?where=a>0", "3", "2"),
        ("m?pipeline=train", "3", "2"),
        ("m?take=2", "['3', '2']", "['2', '1']"),
        ("m?max=a&asof=3", "3", "2"),
        ("m?asof=3", "3", "2"),
        ("m~2?asof=3", "1", "none-then"),
        ("m@3", "3", "version-deleted"),
    ],
)
def test_it_is_an_answer_of_no_moment(
    driver: Driver, reference: str, before: str, after: str
) -> None:
    """Of now and of a revision before its deletion the next one answers."""
    run = driver.submit(pipeline(*(step(f"s{n}") for n in range(3))))
    for n in range(3):
        made = new_version("m", output="o", metadata={"a": n}, tags=("t",))
        driver.finish(run, f"s{n}", made)
    asked = reference.replace(
        "pipeline=train", f"pipeline={driver.index.records.run(run).pipeline}"
    )
    assert answer(driver.index, asked.replace("a>0", "a>=0")) == before
    delete(driver, "3")
    assert answer(driver.index, asked.replace("a>0", "a>=0")) == after


def test_the_newest_of_a_run_and_of_a_pipeline_have_heirs(driver: Driver) -> None:
    """Whichever goes, in whatever order; with the last one nothing is left."""
    run = driver.submit(pipeline(*(step(f"s{n}") for n in range(3))))
    name = driver.index.records.run(run).pipeline
    for n in range(3):
        driver.finish(run, f"s{n}", new_version("m", output="o"))
        driver.publish("m")
    for gone, left in (("3", "5"), ("5", "1")):
        delete(driver, gone)
        assert answer(driver.index, f"m?pipeline={name}") == left
        assert answer(driver.index, f"m?run={run}") == left
    delete(driver, "1")
    assert answer(driver.index, f"m?pipeline={name}") == "no-candidate"
    assert answer(driver.index, f"m?run={run}") == "run-has-none"
    assert "newest:m" not in key_names(driver.index)


def test_an_heir_far_away_is_found_in_several_calls() -> None:
    """Each call looks at 500 versions; nothing is written before the heir is known."""
    driver = Driver(fake_index())
    run = driver.submit(pipeline(step("s0"), step("s1")))
    driver.finish(run, "s0", new_version("m", output="o"))
    for _ in range(1_100):
        driver.publish("m")
    driver.finish(run, "s1", new_version("m", output="o"))
    wish = (nonce(), "m", "1102", "", "", "", "")
    first = driver.index.connection.call("delete_version", *wish, "", "")
    assert first[0] == b"LOOK"
    assert driver.index.records.version("m", "1102") is not None
    delete(driver, "1102")
    assert answer(driver.index, f"m?run={run}") == "1"


def test_aliases_keep_a_version_or_go_with_it(driver: Driver) -> None:
    """Without force nothing is written; with it each is recorded, in history and log."""
    driver.publish("m")
    driver.publish("m")
    for alias in ("prod", "beta"):
        driver.index.versions.set_alias(nonce(), "m", alias, "1")
    before = dump(driver.index)
    with pytest.raises(VersionAliasedError, match="beta, prod are aliases of m@1"):
        delete(driver, "1")
    assert dump(driver.index) == before
    at = driver.index.records.revision()
    done = delete(driver, "1", force=True)
    assert done.aliases == ("beta", "prod")
    (move, _) = driver.index.aliases.history("m", "prod", 9)
    assert (move.how, move.replaced, move.to, move.by) == ("remove", "1", None, "ann")
    events = driver.index.events.read()[-3:]
    assert [type(event) for event in events] == [AliasRemoved, AliasRemoved, ArtifactVersionDeleted]
    assert answer(driver.index, "m:prod") == "alias-unknown"
    assert answer(driver.index, f"m:prod?asof={at}") == "version-deleted"
    assert answer(driver.index, f"m:prod?asof={done.revision}") == "none-then"


def test_a_guarded_alias_is_removed_by_its_pipelines_alone(driver: Driver) -> None:
    """As it is moved."""
    driver.publish("m")
    driver.index.versions.set_alias(nonce(), "m", "prod", "1")
    driver.index.aliases.protect("m", "prod", ["judge"])
    with pytest.raises(AliasGuardedError):
        delete(driver, "1", force=True)
    assert delete(driver, "1", force=True, mover=mover_of(driver, "judge")).aliases == ("prod",)


@pytest.mark.parametrize("order", ["newest", "oldest", "min", "max"])
def test_a_list_goes_on_from_a_version_that_was_deleted(
    driver: Driver, order: Literal["newest", "oldest", "min", "max"]
) -> None:
    """A place is a value: what was seen last may go before the next look."""
    for n in range(9):
        driver.publish("m", a=n // 3)
    sort_by = "a" if order in {"min", "max"} else None
    listing = VersionListing(artifact="m", order=order, sort_by=sort_by)
    wanted = [one.version for one in driver.index.listing.page(listing, None, 9).versions]
    found, place, more = list[str](), None, True
    while more:
        seen = driver.index.listing.look(listing, place, 2)
        names = [one.version for one in seen.versions]
        for name in names:
            delete(driver, name)
        found, place, more = found + names, seen.place, seen.more
    assert found == wanted


def test_a_rollback_does_not_bring_it_back(driver: Driver) -> None:
    """The alias stays where it is, and the error names the version."""
    driver.publish("model")
    driver.publish("model")
    promote(driver.index, "1")
    promote(driver.index, "2")
    delete(driver, "1", artifact="model")
    with pytest.raises(RollbackRefusedError, match=r"version 1, .* is gone"):
        roll_back(driver.index)
    delete(driver, "2", artifact="model", force=True)
    with pytest.raises(RollbackRefusedError, match="it names nothing"):
        roll_back(driver.index)
    assert [move.how for move in moves(driver.index)] == ["promote", "promote", "remove"]


@pytest.mark.parametrize("reference", ["m@1#/late", "x:latest"])
def test_who_waits_and_asks_for_it_fails_at_once(driver: Driver, reference: str) -> None:
    """For its metadata, or for something else first."""
    driver.publish("m")
    run = driver.submit(pipeline(step("a", reference, "m@1")))
    driver.parked(run, "a")
    delete(driver, "1")
    assert driver.wake() == []
    record = driver.step_run(run, "a")
    assert record.state is StepState.FAILED
    (missing, *_) = [one for one in record.missing if one.reason == "version-deleted"]
    assert "version 1 was deleted on " in str(missing)
    assert str(missing).endswith(" by ann")
    assert not [name for name in key_names(driver.index) if name.startswith(("wait:", "wake:"))]


def test_who_waits_for_another_version_goes_on(driver: Driver) -> None:
    """And a floating reference takes the next one when the version that failed it is gone."""
    driver.publish("m", late=1)
    driver.publish("m")
    fixed = driver.submit(pipeline(step("a", "m@1", "x")))
    floating = driver.submit(pipeline(step("a", "m#/late")))
    driver.parked(fixed, "a")
    driver.parked(floating, "a")
    delete(driver, "2")
    assert driver.wake() == ["a"]
    assert driver.state(fixed, "a") is StepState.WAITING
    assert driver.claimed(floating, "a").values[0].version == "1"


def test_a_new_claim_does_not_see_it(driver: Driver) -> None:
    """A queued step that is not bound yet fails; the message says when and by whom."""
    driver.publish("m")
    run = driver.submit(pipeline(step("a", "m@1")))
    delete(driver, "1")
    reply = driver.claim(run, "a")
    assert isinstance(reply, Unresolvable)
    assert [one.reason for one in reply.missing] == [MissingReason.VERSION_DELETED]


def test_a_bound_step_reads_it_for_a_day(driver: Driver) -> None:
    """A redelivery and a retry have the same bytes; after the grace they are told to rebind."""
    driver.publish("m", MSE=1)
    driver.publish("m")
    run = driver.submit(pipeline(step("a", "m@1", "m@1#/MSE", retries=2)))
    first = driver.claimed(run, "a")
    inline = first.values[0].inline
    assert inline is not None
    delete(driver, "1")
    attempt = driver.index.runs
    assert driver.index.deletions.held("m", "1") is not None
    (held,) = driver.index.nodes.beat("n1", 100).running
    driver.index.nodes.give_back("n1", held, "ending")
    assert driver.fail(run, "a")[0] == "retry"
    again = driver.claimed(run, "a")
    assert [one.inline for one in again.values] == [inline, None]
    (held,) = driver.index.nodes.beat("n1", 100).running
    driver.index.nodes.give_back("n1", held, "ending")
    _end_grace(driver)
    reply = driver.claim(run, "a")
    assert isinstance(reply, Unresolvable)
    assert "m@1: the step was bound to it, and version 1 was deleted on" in str(reply.missing[0])
    assert "runs retry RUN --rebind" in str(reply.missing[0])
    assert attempt.retry(run, earlier=0, rebind=True, inline_wait_ms=0)[0] == 1
    assert isinstance(driver.claim(run, "a"), Unresolvable)  # m@1 is asked for by its name


@pytest.mark.parametrize("within_grace", [True, False])
def test_later_steps_take_what_an_earlier_one_made(driver: Driver, *, within_grace: bool) -> None:
    """It was theirs before it was deleted."""
    run = driver.submit(pipeline(step("a", outputs=["x"]), step("b", output_of("a", "x"))))
    driver.finish(run, "a", new_version("m", output="x"))
    delete(driver, "1")
    if within_grace:
        assert driver.claimed(run, "b").values[0].version == "1"
        return
    _end_grace(driver)
    reply = driver.claim(run, "b")
    assert isinstance(reply, Unresolvable)
    assert reply.missing[0].reason is MissingReason.VERSION_DELETED
    assert driver.status(run) is RunStatus.FAILED


@pytest.mark.parametrize("within_grace", [True, False])
def test_a_run_in_run_scope_keeps_what_it_was_bound_to(
    driver: Driver, *, within_grace: bool
) -> None:
    """Its later steps read what the first was bound to."""
    driver.publish("m")
    spec = pipeline(step("a", "m"), step("b", "m")).model_copy(update={"bind": "run"})
    run = driver.submit(spec)
    driver.claimed(run, "a")
    delete(driver, "1")
    if within_grace:
        assert driver.claimed(run, "b").values[0].version == "1"
        return
    _end_grace(driver)
    reply = driver.claim(run, "b")
    assert isinstance(reply, Unresolvable)
    assert reply.missing[0].reason is MissingReason.BINDING_GONE


def test_a_repeated_request_deletes_once(driver: Driver) -> None:
    """The same answer, and nothing is written."""
    driver.publish("m")
    request = nonce()
    first = driver.index.deletions.delete(request, "m", "1", mover=ANN)
    before = dump(driver.index)
    assert driver.index.deletions.delete(request, "m", "1", mover=ANN) == first
    assert dump(driver.index) == before


@pytest.mark.parametrize("mover", [Mover(by="x" * 201), Mover(why="x" * 1001), Mover(by="a\x1fb")])
def test_what_is_kept_for_ever_is_short(driver: Driver, mover: Mover) -> None:
    """Who and why have limits, and hold no character that would read as another field."""
    driver.publish("m")
    with pytest.raises(InvalidWriteError, match="200 bytes"):
        delete(driver, "1", mover=mover)
