"""A namespace over its fall-back: who answers, what is written, and what wakes."""

import time
from datetime import UTC, datetime

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.entries import ForeignMetadata
from raincheck.index.replies import Unresolvable
from raincheck_contracts.errors import FallbackError, ReadOnlyVersionError, ReferenceNotFoundError
from raincheck_contracts.runs import MissingReason, MissingReference, StepState
from tests.support.builders import nonce, pipeline, step, waiting
from tests.support.driver import Driver
from tests.support.dumps import dump
from tests.support.key_leaks import key_leaks
from tests.support.overlaid import KINDS, answer, answers, beside, fill, over

LATEST = pipeline(step("s", "m"))


@pytest.fixture
def dev(driver: Driver) -> Driver:
    """A namespace over that of `driver`."""
    return over(driver.index)


def test_the_fallback_answers_where_nothing_is_of_ones_own(driver: Driver, dev: Driver) -> None:
    """Every kind of reference, as the fall-back itself answers it, and says where it is from."""
    run = fill(driver)
    assert set(map(type, answers(driver.index).values())) == {tuple, MissingReason}
    theirs = {
        text: tuple(item.replace("own/", f"{driver.index.namespace}/") for item in found)
        if isinstance(found, tuple)
        else found
        for text, found in answers(driver.index, f"m?run={run}").items()
    }
    assert answers(dev.index, f"m?run={run}") == theirs


def test_one_version_of_ones_own_hides_all_of_the_fallback(driver: Driver, dev: Driver) -> None:
    """No answer mixes two namespaces: they are those of a namespace that has no fall-back."""
    run = fill(driver)
    alone = Driver(Index(beside(driver.index, f"alone-{nonce()}")))
    for one in (dev, alone):
        one.publish("m", MSE=7)
    assert answers(dev.index, f"m?run={run}") == answers(alone.index, f"m?run={run}")
    fill(dev, first=20)
    fill(alone, first=20)
    assert answers(dev.index) == answers(alone.index)
    driver.publish("other")
    assert answer(dev.index, "other") == (f"{driver.index.namespace}/1=None 1",)


def test_what_neither_has_says_where_was_looked(driver: Driver, dev: Driver) -> None:
    """In both, in the one that answers, or in the own one that hides the other."""
    own, other = dev.index.namespace, driver.index.namespace
    miss = answer(dev.index, "m:production")
    assert isinstance(miss, MissingReference)
    assert miss.namespaces == (own, other)
    assert str(miss).endswith(f"no versions yet, neither in {own!r} nor in {other!r}")
    driver.publish("m")
    assert str(answer(dev.index, "m:x")) == f"m:x: 'm' has no alias 'x' yet (in {other!r})"
    dev.publish("m")
    assert str(answer(dev.index, "m:x")) == f"m:x: 'm' has no alias 'x' yet (in {own!r})"
    assert str(answer(driver.index, "m:x")) == "m:x: 'm' has no alias 'x' yet"


def _later() -> None:
    """The index tells times by the millisecond: what comes next is of a later one."""
    time.sleep(0.003)


def _time(text: str) -> str:
    _later()
    moment = datetime.now(UTC)
    _later()
    return f"{text}{'&' if '?' in text else '?'}asof={moment.isoformat().replace('+00:00', 'Z')}"


def test_an_earlier_moment_is_answered_as_it_was_then(driver: Driver, dev: Driver) -> None:
    """Also by the fall-back, which the own version hides only since it is there."""
    before = _time("m")
    driver.publish("m", MSE=1)
    theirs, best = _time("m"), _time("m?min=MSE&take=2")
    expected = (f"{driver.index.namespace}/1=None 1",)
    assert answer(dev.index, theirs) == expected
    dev.publish("m", MSE=2)
    assert answer(dev.index, _time("m")) == ("own/1=None 1",)
    assert answer(dev.index, theirs) == answer(dev.index, best) == expected
    assert getattr(answer(dev.index, before), "reason", None) is MissingReason.NONE_THEN


def test_what_is_deleted_since_had_hidden_the_fallback(driver: Driver, dev: Driver) -> None:
    """As of then there is no answer, as there is of no deleted version; never another one."""
    driver.publish("m")
    before = _time("m")
    dev.publish("m")
    then = _time("m")
    dev.publish("m")
    dev.index.deletions.delete(nonce(), "m", "1", mover=Mover())
    assert getattr(answer(dev.index, then), "reason", None) is MissingReason.NONE_THEN
    assert answer(dev.index, before) == (f"{driver.index.namespace}/1=None 1",)


def test_a_revision_is_none_of_the_fallbacks(driver: Driver, dev: Driver) -> None:
    """Each namespace counts its own: asked by one, the fall-back would answer at random."""
    driver.publish("m")
    dev.publish("x")
    for text in ("m?asof=1", "m?asof=1&take=2"):
        assert getattr(answer(dev.index, text), "reason", None) is MissingReason.MOMENT_ELSEWHERE


def test_a_binding_names_its_namespace_through_retries(driver: Driver, dev: Driver) -> None:
    """Bound once: what is published here afterwards does not change it, nor what is read."""
    driver.publish("m", MSE=1)
    spec = pipeline(step("s", "m", "m#/MSE", "m?take=2", retries=3))
    for spec_of_scope in (spec, spec.model_copy(update={"bind": "run"})):
        run = dev.submit(spec_of_scope)
        first = dev.claimed(run, "s")
        assert {value.namespace for value in first.values} == {driver.index.namespace}
        assert [value.inline for value in first.values] == [b"1.5", None, b"1.5"]
        bindings = dev.step_run(run, "s").bindings
        assert bindings["m:latest"].shown == f"{driver.index.namespace}/m@1"
        dev.publish("m", MSE=2) if spec_of_scope is not spec else None
        dev.index.nodes.lost("n1", 11)
        assert dev.claimed(run, "s").values == first.values
    again = dev.submit(spec)
    assert {value.namespace for value in dev.claimed(again, "s").values} == {None}


def test_a_run_is_bound_to_the_fallback_as_a_whole(driver: Driver, dev: Driver) -> None:
    """A later step of the run reads the same version, although there is an own one by then."""
    driver.publish("m", MSE=1)
    spec = pipeline(step("a", "m"), step("b", "m", "m?take=2", after=["a"]), bind="run")
    run = dev.submit(spec)
    dev.finish(run, "a")
    dev.publish("m", MSE=2)
    values = dev.claimed(run, "b").values
    assert [(one.namespace, one.version) for one in values] == [(driver.index.namespace, "1")] * 2


def test_a_publication_in_the_fallback_wakes_who_waits(driver: Driver, dev: Driver) -> None:
    """Every kind of change of it, without a trace there that somebody waits."""
    references = ["m", "m:production", "m@2", "m?min=MSE", "m@1#/MSE", "m?tag=t"]
    runs = {text: dev.submit(pipeline(step("s", text))) for text in references}
    for run in runs.values():
        dev.parked(run, "s")
    dev.due()
    assert dev.wake() == []

    def woken() -> list[str]:
        dev.due()
        dev.wake()
        states = {text: dev.state(run, "s") for text, run in runs.items()}
        return [text for text in references if states[text] is StepState.QUEUED]

    driver.publish("m")
    assert woken() == ["m"]
    driver.index.versions.set_alias(nonce(), "m", "production", "1")
    assert woken() == ["m", "m:production"]
    driver.index.versions.log_metadata("m", "1", {"MSE": 1})
    assert woken() == ["m", "m:production", "m?min=MSE", "m@1#/MSE"]
    driver.index.versions.tag("m", "1", "t")
    driver.publish("m")
    assert woken() == references
    assert key_leaks(dev.index) == []


def test_many_events_of_the_fallback_are_read_in_slices(driver: Driver, dev: Driver) -> None:
    """A call reads 250 of them; none is left out."""
    run = dev.submit(LATEST)
    dev.parked(run, "s")
    for _ in range(260):
        driver.publish("noise")
    driver.publish("m")
    dev.due()
    dev.wake()
    assert dev.state(run, "s") is StepState.WAITING
    dev.due()
    assert dev.wake() == ["s"]


def test_events_that_are_forgotten_are_made_up_for(driver: Driver, dev: Driver) -> None:
    """All who wait are looked at, when what happened meanwhile cannot be read any more."""
    runs = [dev.submit(LATEST), dev.submit(pipeline(step("s", "other")))]
    for run in runs:
        dev.parked(run, "s")
    driver.publish("m")
    driver.publish("noise")
    driver.index.runs.trim(1)
    _later()
    dev.due()
    _later()
    assert dev.wake() == ["s"]
    assert dev.state(runs[1], "s") is StepState.WAITING
    driver.publish("other")
    dev.due()
    assert dev.wake() == ["s"]


def test_who_waits_already_sees_a_new_fallback(driver: Driver) -> None:
    """A fall-back that is given to a namespace in use answers its waiting steps."""
    driver.publish("m")
    late = Driver(Index(beside(driver.index, f"late-{nonce()}")))
    late.publish("x")
    run = late.submit(LATEST)
    late.parked(run, "s")
    late.index.overlay.change(driver.index.namespace)
    _later()
    late.due()
    _later()
    assert late.wake() == ["s"]


def test_a_wait_that_ends_names_both_namespaces(driver: Driver, dev: Driver) -> None:
    """Who reads why it failed knows where to publish."""
    run = dev.submit(pipeline(step("s", waiting("m", 0))))
    failed = dev.claim(run, "s")
    assert isinstance(failed, Unresolvable)
    error = dev.step_run(run, "s").error
    assert error is not None
    assert f"neither in {dev.index.namespace!r} nor in {driver.index.namespace!r}" in error.message


def test_a_version_of_the_fallback_is_not_changed_from_here(driver: Driver, dev: Driver) -> None:
    """By hand, by name or as the newest, and from a step; the fall-back stays as it is."""
    fill(driver)
    before, versions, aliases = dump(driver.index), dev.index.versions, dev.index.aliases
    attempt = dev.attempt(dev.submit(pipeline(step("s"))), "s")
    foreign = [ForeignMetadata(artifact="m", version="1", metadata={"n": 1})]
    mover = Mover()
    for version in ("1", None):
        for write in (
            lambda version=version: versions.log_metadata("m", version, {"n": 1}),
            lambda version=version: versions.tag("m", version, "u"),
            lambda version=version: versions.set_alias(nonce(), "m", "prod", version),
            lambda version=version: aliases.promote(nonce(), "m", version, "p", mover=mover),
            lambda: aliases.rollback(nonce(), "m", "production", mover=mover),
            lambda: dev.index.runs.complete(attempt, [], foreign),
        ):
            with pytest.raises(ReadOnlyVersionError, match=driver.index.namespace) as caught:
                write()
            assert caught.value.fallback == driver.index.namespace
    assert dump(driver.index) == before
    dev.publish("m")
    with pytest.raises(ReadOnlyVersionError, match="m@3 is of namespace"):
        versions.tag("m", "3", "u")
    with pytest.raises(ReferenceNotFoundError):
        versions.tag("m", "9", "u")
    assert versions.tag("m", None, "u").version == "1"
    assert dump(driver.index) == before


def test_ones_own_versions_are_counted_from_one(driver: Driver, dev: Driver) -> None:
    """The counter is the namespace's: what it publishes is no continuation of the fall-back."""
    fill(driver)
    assert dev.publish("m").version == "1"
    assert driver.publish("m").version == "4"


def test_a_first_use_records_the_fallback_for_all(driver: Driver, dev: Driver) -> None:
    """A process without the setting resolves alike; one with another is refused."""
    driver.publish("m")
    silent = Index(beside(driver.index, dev.index.namespace))
    assert answer(silent, "m") == answer(dev.index, "m")
    assert silent.overlay.fallback() == driver.index.namespace
    with pytest.raises(FallbackError, match=f"its fall-back is '{driver.index.namespace}'"):
        Index(beside(driver.index, dev.index.namespace, "elsewhere")).records.revision()


def test_a_namespace_in_use_gets_no_fallback_by_the_way(driver: Driver, dev: Driver) -> None:
    """A setting beside the wrong namespace would let production read what a branch made."""
    driver.publish("m")
    with pytest.raises(FallbackError, match="it has none, and it is in use"):
        Index(beside(driver.index, driver.index.namespace, "staging")).records.revision()
    assert driver.index.overlay.fallback() is None
    driver.index.overlay.change("staging")
    driver.index.overlay.change(None)
    assert driver.index.overlay.fallback() is None
    assert dev.index.overlay.fallback() == driver.index.namespace


def test_a_chain_and_a_circle_are_refused(driver: Driver, dev: Driver) -> None:
    """One fall-back is read, and not its own."""
    with pytest.raises(FallbackError, match="only one is read"):
        Index(beside(driver.index, "third", dev.index.namespace)).records.revision()
    with pytest.raises(FallbackError, match="only one is read"):
        driver.index.overlay.change(dev.index.namespace)
    with pytest.raises(FallbackError, match="names of models begin so"):
        driver.index.overlay.change("model")
    with pytest.raises(FallbackError, match="that is itself"):
        driver.index.overlay.change(driver.index.namespace)


def test_lists_and_names_are_those_of_who_answers(driver: Driver, dev: Driver) -> None:
    """Read by the client and the command line; each says where it is from."""
    fill(driver)
    for name in ("a", "n"):
        driver.publish(name)
    dev.publish("n")
    dev.publish("z")
    overlay, other = dev.index.overlay, driver.index.namespace
    assert overlay.artifact_names() == ["a", "m", "n", "z"]
    assert overlay.artifact_names(after="a", limit=2) == ["m", "n"]
    assert overlay.artifact_names("n") == ["n"]
    found = overlay.artifacts(overlay.artifact_names())
    assert [(one.artifact, one.namespace) for one in found] == [
        *(("a", other), ("m", other)),
        *(("n", None), ("z", None)),
    ]
    assert [one.shown for one in dev.index.answering("m").records.versions("m", 1)] == [
        f"{other}/m@3"
    ]
    assert dev.index.answering("n") is dev.index
    assert dev.index.answering("unknown") is dev.index


def test_without_a_fallback_nothing_of_another_is_seen(driver: Driver) -> None:
    """Two namespaces that know nothing of each other stay so."""
    fill(driver)
    alone = Index(beside(driver.index, f"alone-{nonce()}"))
    assert {type(item) for item in answers(alone).values()} == {MissingReason}
    assert len(KINDS) == len(answers(alone))
