import pytest

from raincheck.index.entries import ForeignMetadata, NewVersion
from raincheck.index.run_scripts import Attempt
from raincheck_contracts.errors import (
    InvalidWriteError,
    MetadataConflictError,
    RaincheckError,
    ReferenceNotFoundError,
    StaleFenceError,
    VersionExistsError,
    VersionNameError,
)
from raincheck_contracts.events import ArtifactVersionPublished, MetadataLogged, RunFinished
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, pipeline, step
from tests.support.driver import ERROR, Driver, names
from tests.support.dumps import dump

ONE = pipeline(step("a", outputs=["x", "y"]))


def _x(version: str | None = None) -> NewVersion:
    return new_version("x", version, output="x")


def _y(version: str | None = None) -> NewVersion:
    return new_version("y", version, output="y")


def test_outputs_are_published_with_the_completion(driver: Driver) -> None:
    """The reply names each version; before the completion none was visible."""
    run = driver.submit(ONE)
    attempt = driver.attempt(run, "a")
    assert driver.index.records.artifact_names() == []
    done = driver.index.runs.complete(attempt, [_x(), _y("first")])
    assert done.outputs == {"x": "x@1", "y": "y@first"}
    assert driver.step_run(run, "a").outputs == done.outputs
    assert driver.status(run) is RunStatus.SUCCEEDED


def test_sibling_outputs_share_one_revision_and_stand_in_order(driver: Driver) -> None:
    """One change of the index: `<revision>-1`, `-2`, and the end of the run after them."""
    run = driver.submit(ONE)
    before = driver.index.records.revision()
    done = driver.finish(run, "a", _x(), _y())
    assert done.revision == before + 1
    events = driver.index.events.read()
    assert [event.id for event in events] == [f"{done.revision}-{i}" for i in (1, 2, 3)]
    kinds = [type(event) for event in events]
    assert kinds == [ArtifactVersionPublished, ArtifactVersionPublished, RunFinished]
    assert [event.subject for event in events] == ["x@1", "y@1", f"run/{run}"]
    found = [driver.index.records.version(name, "1") for name in "xy"]
    assert [version.revision for version in found if version] == [done.revision] * 2


def test_the_events_of_outputs_name_their_run(driver: Driver) -> None:
    """With the depth of the causes that led to it."""
    run = driver.submit(ONE, depth=3)
    driver.finish(run, "a", _x())
    published, finished = driver.index.events.read()
    assert isinstance(published, ArtifactVersionPublished)
    assert isinstance(finished, RunFinished)
    assert (published.data.run, published.data.depth) == (run, 3)
    assert (finished.data.run, finished.data.depth) == (run, 3)


def test_a_completion_frees_what_needed_nothing_else(driver: Driver) -> None:
    """A step is freed by the last of those that it needs."""
    spec = pipeline(step("a"), step("b"), step("c", after=["a"]), step("d", after=["a", "b"]))
    run = driver.submit(spec)
    assert names(driver.finish(run, "a").messages) == ["c"]
    assert names(driver.finish(run, "b").messages) == ["d"]
    assert driver.state(run, "d") is StepState.QUEUED


def test_a_freed_step_goes_to_its_queue_with_the_priority_of_the_run(driver: Driver) -> None:
    """A step's own queue, or the run's."""
    spec = pipeline(step("a"), step("b", after=["a"], queue="gpu"), step("c", after=["a"]))
    run = driver.submit(spec, queue="slow", priority=3)
    messages = driver.finish(run, "a").messages
    assert [(m.run, m.pipeline, m.queue, m.priority) for m in messages] == [
        (run, "p", "gpu", 3),
        (run, "p", "slow", 3),
    ]
    assert messages[0].body == spec.steps[1].canonical_json()
    assert set(driver.index.records.queues()) == {"gpu", "slow"}


def test_a_completion_wakes_who_waits_for_its_outputs(driver: Driver) -> None:
    """As a publication by hand does."""
    waiter = driver.submit(pipeline(step("w", "x")))
    driver.parked(waiter, "w")
    done = driver.finish(driver.submit(ONE), "a", _x())
    assert done.dirty is True
    assert driver.wake() == ["w"]


def test_a_draining_node_is_told_to_take_no_further_step(driver: Driver) -> None:
    """The node said so with its beat."""
    run = driver.submit(pipeline(step("a"), step("b")))
    assert driver.finish(run, "a").drain is False
    driver.index.nodes.beat("n1", 20, drain=True)
    assert driver.finish(run, "b").drain is True


def test_the_same_completion_again_gives_the_stored_outputs(driver: Driver) -> None:
    """After a lost reply: same versions, nothing published twice."""
    run = driver.submit(ONE)
    attempt = driver.attempt(run, "a")
    first = driver.index.runs.complete(attempt, [_x(), _y()])
    before = dump(driver.index)
    again = driver.index.runs.complete(attempt, [_x(), _y()])
    assert (again.outputs, again.revision) == (first.outputs, first.revision)
    assert dump(driver.index) == before


def test_a_fence_that_was_taken_away_completes_nothing(driver: Driver) -> None:
    """Neither while the step is queued again nor while another attempt runs."""
    run = driver.submit(ONE)
    stale = driver.attempt(run, "a")
    driver.index.nodes.lost("n1", 11)
    for _ in range(2):
        before = dump(driver.index)
        with pytest.raises(StaleFenceError):
            driver.index.runs.complete(stale, [_x()])
        with pytest.raises(StaleFenceError):
            driver.index.runs.fail(stale, "error", ERROR)
        assert dump(driver.index) == before
        if driver.state(run, "a") is StepState.QUEUED:
            driver.claimed(run, "a")


def test_the_fence_of_another_attempt_completes_nothing(driver: Driver) -> None:
    """After the step has succeeded under the fence of its second attempt."""
    run = driver.submit(ONE)
    stale = driver.attempt(run, "a")
    driver.index.nodes.lost("n1", 11)
    driver.finish(run, "a", _x())
    before = dump(driver.index)
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(stale, [_x()])
    assert dump(driver.index) == before


def test_a_completion_after_the_cancel_publishes_nothing(driver: Driver) -> None:
    """The run is over: its outputs are dropped, and its process is not killed for nothing."""
    run = driver.submit(ONE)
    attempt = driver.attempt(run, "a")
    driver.index.runs.cancel(run, "no longer wanted")
    assert len(driver.index.nodes.beat("n1", 20).kill) == 1
    before = dump(driver.index)
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [_x()])
    assert driver.index.nodes.beat("n1", 20).kill == ()
    after = dump(driver.index)
    del before["node:n1"], after["node:n1"]
    assert after == before


def test_a_step_may_log_metadata_to_versions_it_did_not_make(driver: Driver) -> None:
    """In the same change as its outputs, after them."""
    driver.publish("model")
    run = driver.submit(ONE)
    foreign = [ForeignMetadata(artifact="model", version="1", metadata={"MSE": 0.5})]
    done = driver.index.runs.complete(driver.attempt(run, "a"), [_x()], foreign)
    version = driver.index.records.version("model", "1")
    assert version is not None
    assert version.metadata == {"MSE": 0.5}
    events = driver.index.events.read(after=f"{done.revision - 1}-9")
    assert [type(event) for event in events] == [
        ArtifactVersionPublished,
        MetadataLogged,
        RunFinished,
    ]


def _foreign(version: str, **metadata: float) -> ForeignMetadata:
    return ForeignMetadata(artifact="model", version=version, metadata=metadata)


REFUSED: list[tuple[list[NewVersion], list[ForeignMetadata], type[RaincheckError]]] = [
    ([_x(), _y("taken")], [], VersionExistsError),
    ([_x("new"), new_version("x", "new", output="y")], [], VersionExistsError),
    ([_x(), new_version("x", "1", output="y")], [], VersionExistsError),
    ([_x("7000")], [], VersionNameError),
    ([_x("01")], [], VersionNameError),
    ([_x(), _x()], [], InvalidWriteError),
    ([_x()], [_foreign("1", MSE=0.9)], MetadataConflictError),
    ([_x()], [_foreign("1", n=1), _foreign("1", MSE=0.9)], MetadataConflictError),
    ([_x()], [_foreign("1", n=1), _foreign("1", n=2)], MetadataConflictError),
    ([_x()], [_foreign("9", MSE=0.5)], ReferenceNotFoundError),
]


@pytest.mark.parametrize(("outputs", "foreign", "error"), REFUSED)
def test_a_refused_completion_writes_nothing(
    driver: Driver,
    outputs: list[NewVersion],
    foreign: list[ForeignMetadata],
    error: type[RaincheckError],
) -> None:
    """Good siblings of a bad output are not published; the attempt still owns the step."""
    driver.publish("model", MSE=0.5)
    driver.publish("y", "taken")
    run = driver.submit(ONE)
    attempt = driver.attempt(run, "a")
    before = dump(driver.index)
    with pytest.raises(error):
        driver.index.runs.complete(attempt, outputs, foreign)
    assert dump(driver.index) == before
    driver.index.runs.complete(attempt, [_x()])


@pytest.mark.parametrize("number", ["nan", "-inf", "0x10", "1e400"])
def test_an_output_with_a_number_that_is_none_is_refused_with_its_siblings(
    driver: Driver, number: str
) -> None:
    """Whatever a client in another language sends: nothing is half written."""
    attempt = driver.attempt(driver.submit(ONE), "a")
    bad = new_version("y", output="y", metadata={"MSE": 2}).arguments()
    before = dump(driver.index)
    reply = driver.index.connection.call(
        *("complete", attempt.run, attempt.step, attempt.fence, attempt.node, 2),
        *(*_x().arguments(), *bad[:-1], number, 0),
    )
    assert reply == [b"INVALID", b"metadata MSE is not a finite number"]
    assert dump(driver.index) == before


def test_two_outputs_of_one_artifact_are_numbered_in_order(driver: Driver) -> None:
    """The second may even name its number, which is the one that it gets."""
    run = driver.submit(ONE)
    done = driver.finish(run, "a", _x(), new_version("x", "2", output="y"))
    assert done.outputs == {"x": "x@1", "y": "x@2"}


def test_the_same_metadata_value_again_is_no_conflict(driver: Driver) -> None:
    """Write-once is about other values; twice the same within one completion too."""
    driver.publish("model", MSE=0.5)
    run = driver.submit(ONE)
    foreign = [_foreign("1", MSE=0.5, n=1), _foreign("1", n=1)]
    done = driver.index.runs.complete(driver.attempt(run, "a"), [_x()], foreign)
    events = driver.index.events.read(after=f"{done.revision - 1}-9")
    logged = [event.data.key for event in events if isinstance(event, MetadataLogged)]
    assert logged == ["n"]


def test_an_unknown_run_completes_nothing(driver: Driver) -> None:
    """The record of a run may be gone before its last worker."""
    attempt = Attempt(run="gone", step="a", fence="1:0123456789abcdef", node="n1")
    before = dump(driver.index)
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [_x()])
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempt, "error", ERROR)
    assert dump(driver.index) == before
