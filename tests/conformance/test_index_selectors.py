"""Selectors beyond one version now: nth, by pipeline and run, lists, earlier moments."""

import pytest

from raincheck.index import Index
from raincheck.index.replies import Claimed
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference, StepState
from tests.conformance.test_index_retry import retry
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.version_history import Past
from tests.support.version_questions import ask_everything


def asked(index: Index, text: str) -> list[str] | MissingReason:
    """The versions that a reference stands for, or why there are none."""
    answer = index.versions.resolve([parse_reference(text)]).answers[0]
    if isinstance(answer, MissingReference):
        return answer.reason
    return [bound.version for bound in (answer if isinstance(answer, tuple) else (answer,))]


def _bound(claimed: Claimed) -> list[str]:
    return [bound.version for bound in claimed.values]


def _run_of(driver: Driver, name: str, *artifacts: str) -> str:
    run = driver.submit(pipeline(step("s")).model_copy(update={"name": name}))
    driver.finish(run, "s", *(new_version(artifact, output=artifact) for artifact in artifacts))
    return run


def _state(driver: Driver, run: str, name: str = "s") -> StepState:
    steps = driver.index.records.run(run).steps
    return next(item.state for item in steps if item.step == name)


def test_a_rich_history_is_read_as_it_was(driver: Driver) -> None:
    """All questions of now and of each moment; the mutants are held against it."""
    past = Past(driver)
    past.publish(named=False, metadata={"a": 2, "b": 1}, tags=("t",))
    past.publish_in_run(pipeline_name="train", metadata={"a": 1}, tags=(), count=2)
    past.log(place=0, metadata={"c": 1})
    past.publish(named=True, metadata={}, tags=("u",))
    past.move(place=0, alias="production")
    past.publish_in_run(pipeline_name="tune", metadata={"a": 1}, tags=("t",), count=1)
    past.log(place=3, metadata={"a": 0.5, "b": 2})
    past.publish(named=False, metadata={"a": "x", "b": 2}, tags=())
    past.tag(place=1, tag="t")
    past.move(place=2, alias="production")
    past.log(place=1, metadata={"b": 2})
    past.publish(named=False, metadata={"a": 2, "b": 2}, tags=("t",))
    past.move(place=1, alias="staging")
    ask_everything(past)


def test_a_version_so_many_before_the_newest(driver: Driver) -> None:
    """In the order of publication, and waited for while there are too few."""
    for name in (None, "zz", None):
        driver.publish("m", name)
    assert [asked(driver.index, f"m~{back}") for back in range(3)] == [["2"], ["zz"], ["1"]]
    assert asked(driver.index, "m~3") is MissingReason.NO_CANDIDATE
    run = driver.submit(pipeline(step("s", "m~3")))
    driver.parked(run, "s")
    driver.publish("m")
    assert driver.wake() == ["s"]
    assert _bound(driver.claimed(run, "s")) == ["1"]


def test_the_newest_by_a_pipeline(driver: Driver) -> None:
    """Whoever publishes by hand or by another pipeline changes nothing."""
    run = driver.submit(pipeline(step("s", "m?pipeline=train")))
    driver.parked(run, "s")
    driver.publish("m")
    _run_of(driver, "tune", "m")
    assert driver.wake() == []
    _run_of(driver, "train", "m")
    assert driver.wake() == ["s"]
    driver.publish("m")
    assert _bound(driver.claimed(run, "s")) == ["3"]


def test_the_newest_in_a_run(driver: Driver) -> None:
    """Waited for while the run goes on; one that has ended without it, or never was, has none."""
    running = driver.submit(pipeline(step("s")))
    reading = driver.submit(pipeline(step("r", f"m?run={running}")))
    driver.parked(reading, "r")
    driver.publish("m")
    assert driver.wake() == []
    driver.finish(running, "s", new_version("m", output="m"))
    assert driver.wake() == ["r"]
    assert _bound(driver.claimed(reading, "r")) == ["2"]
    without = _run_of(driver, "train", "d")
    for run in (without, "no-such-run"):
        late = driver.submit(pipeline(step("s", f"m?run={run}")))
        driver.claim(late, "s")
        assert _state(driver, late) is StepState.FAILED
    failed = driver.submit(pipeline(step("s")))
    driver.fail(failed, "s")
    hoping = driver.submit(pipeline(step("s", f"m?run={failed}")))
    driver.parked(hoping, "s")
    driver.index.runs.cancel(hoping, "enough")


def test_a_list_is_one_input(driver: Driver) -> None:
    """Bound in the one read, beside what stands for one version; kept for a second attempt."""
    for number in (3, 1, 2):
        driver.publish("m", MSE=number)
    needs = ("m?take=2", "m", "m?min=MSE&take=all#/MSE", "m?where=MSE<3&take=3")
    run = driver.submit(pipeline(step("s", *needs, retries=1)))
    claimed = driver.claimed(run, "s")
    assert claimed.counts == (2, 1, 3, 2)
    assert _bound(claimed) == ["3", "2", "3", "2", "3", "1", "3", "2"]
    assert [bound.metadata for bound in claimed.values[3:6]] == ["1", "2", "3"]
    names = list(driver.index.records.run(run).steps[0].bindings)
    assert names[:4] == ["m?take=2[0]", "m?take=2[1]", "m:latest", "m?min=MSE&take=all#/MSE[0]"]
    driver.publish("m", MSE=0)
    driver.index.nodes.lost("n1", 11)
    again = driver.claimed(run, "s")
    assert (again.values, again.counts) == (claimed.values, claimed.counts)


def test_a_list_waits_for_its_first_version(driver: Driver) -> None:
    """And for metadata that one of those that it stands for lacks."""
    run = driver.submit(pipeline(step("s", "m?tag=t&take=3#/MSE")))
    driver.parked(run, "s")
    driver.publish("m", MSE=1)
    driver.index.versions.tag("m", "1", "t")
    assert driver.wake() == ["s"]
    driver.index.versions.publish(nonce(), new_version("m", tags=("t",)))
    parked = driver.parked(run, "s")
    assert [item.reason for item in parked.missing] == [MissingReason.METADATA_KEY_UNKNOWN]
    driver.index.versions.log_metadata("m", "2", {"MSE": 2})
    assert driver.wake() == ["s"]
    assert _bound(driver.claimed(run, "s")) == ["2", "1"]


def test_a_list_waits_for_another_version_that_has_the_metadata(driver: Driver) -> None:
    """Which then stands in the place of the one that lacks it."""
    driver.publish("m")
    run = driver.submit(pipeline(step("s", "m?take=1#/MSE")))
    driver.parked(run, "s")
    driver.publish("m", MSE=1)
    assert driver.wake() == ["s"]
    assert _bound(driver.claimed(run, "s")) == ["2"]


def test_a_list_of_too_many_is_refused(driver: Driver) -> None:
    """Cut off in silence it would be another list; asked for by number it is what was asked for."""
    for _ in range(101):
        driver.publish("m")
    assert asked(driver.index, "m?take=all") is MissingReason.TOO_MANY
    assert len(asked(driver.index, "m?take=100")) == 100
    run = driver.submit(pipeline(step("s", "m?take=all")))
    driver.claim(run, "s")
    assert _state(driver, run) is StepState.FAILED


def test_a_step_binds_at_most_a_thousand_versions(driver: Driver) -> None:
    """However many lists it takes."""
    for _ in range(100):
        driver.publish("m")
    lists = [f"m?take={100 - less}" for less in range(11)]
    run = driver.submit(pipeline(step("s", *lists)))
    driver.claim(run, "s")
    assert _state(driver, run) is StepState.FAILED
    fits = driver.submit(pipeline(step("s", *lists[:10])))
    assert len(driver.claimed(fits, "s").values) == 955


def test_a_list_is_found_once_for_a_run_that_binds_as_a_whole(driver: Driver) -> None:
    """However late its steps start; bound anew it is found anew."""
    for number in (1, 2, 3):
        driver.publish("m", MSE=number)
    first = step("a", "m?take=2", "m?take=2#/MSE")
    spec = pipeline(first, step("b", "m?take=2", "m", after=["a"], retries=1), bind="run")
    run = driver.submit(spec)
    claimed = driver.claimed(run, "a")
    assert (_bound(claimed), claimed.counts) == (["3", "2", "3", "2"], (2, 2))
    driver.index.nodes.lost("n1", 11)
    driver.publish("m", MSE=4)
    driver.finish(run, "a")
    assert _bound(driver.claimed(run, "b")) == ["3", "2", "3"]
    whole = driver.submit(pipeline(first, bind="run"))
    assert _bound(driver.claimed(whole, "a")) == ["4", "3", "4", "3"]
    driver.index.nodes.lost("n1", 11)
    driver.fail(whole, "a")
    driver.publish("m", MSE=5)
    retry(driver, whole, rebind=True)
    assert _bound(driver.claimed(whole, "a")) == ["5", "4", "5", "4"]


def test_an_earlier_moment_waits_for_nothing(driver: Driver) -> None:
    """What was not there then cannot come, and a moment to come is refused."""
    driver.publish("m")
    now = driver.publish("m").revision
    driver.index.versions.log_metadata("m", "2", {"MSE": 1})
    assert asked(driver.index, f"m?asof={now}") == ["2"]
    for text in (f"m~2?asof={now}", f"m?asof={now}#/MSE", "m?asof=999", "m?asof=2099-01-01T00:00Z"):
        run = driver.submit(pipeline(step("s", text)))
        driver.claim(run, "s")
        assert _state(driver, run) is StepState.FAILED, text
    assert asked(driver.index, "m?asof=999") is MissingReason.MOMENT_AHEAD


def test_candidates_are_looked_at_up_to_a_limit(driver: Driver) -> None:
    """Whoever must look at more says so; a wrong answer is never given."""
    driver.publish("m", MSE=1)
    then = driver.index.versions.tag("m", "1", "good").revision
    for _ in range(1_000):
        driver.publish("m", MSE=1)
    assert asked(driver.index, "m?min=MSE&take=2") == ["1001", "1000"]
    assert asked(driver.index, f"m?min=MSE&asof={then}") is MissingReason.TOO_SELECTIVE
    assert asked(driver.index, f"m?asof={then}") == ["1"]
    assert asked(driver.index, "m?pipeline=p&take=2") is MissingReason.TOO_SELECTIVE
    driver.index.versions.tag("m", "1001", "good")
    assert asked(driver.index, f"m?tag=good&asof={then}") == ["1"]


def test_an_alias_that_has_moved_too_often_says_so(driver: Driver) -> None:
    """Its last 1,000 moves are kept, and read in pages; before the first there was none."""
    for _ in range(2):
        driver.publish("m")
    moves = [
        driver.index.versions.set_alias(nonce(), "m", "a", "12"[place % 2]).revision
        for place in range(1_001)
    ]
    assert asked(driver.index, f"m:a?asof={moves[0]}") is MissingReason.MOMENT_FORGOTTEN
    for place in (1, 60, 500, 999):
        assert asked(driver.index, f"m:a?asof={moves[place]}") == ["12"[place % 2]]
    driver.index.versions.set_alias(nonce(), "m", "b", "1")
    assert asked(driver.index, f"m:b?asof={moves[0]}") is MissingReason.NONE_THEN


@pytest.mark.parametrize("back", [0, 5])
def test_the_time_of_a_revision_never_goes_back(driver: Driver, back: int) -> None:
    """Also when the server's clock is set back: an entry ahead of it is where time goes on."""
    index = driver.index
    ahead = 4_000_000_000_000 + back
    index.connection.ask([("HSET", f"{index.connection.prefix}index", "at", ahead)])
    driver.publish("m")
    version = index.records.version("m", "1")
    assert version is not None
    assert version.published_at == ahead
    assert index.events.read()[-1].time.timestamp() * 1000 == ahead
