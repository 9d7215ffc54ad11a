import pytest

from raincheck.index.replies import Refused
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, pipeline, step
from tests.support.driver import ERROR, Driver, names
from tests.support.dumps import dump
from tests.support.waiting import wait_until

DIAMOND = pipeline(
    step("top"),
    step("left", after=["top"]),
    step("right", after=["top"]),
    step("bottom", after=["left", "right"]),
    step("below", after=["bottom"]),
)


def _states(driver: Driver, run: str) -> dict[str, StepState]:
    return {item.step: item.state for item in driver.index.records.run(run).steps}


def test_a_failure_with_retries_left_is_tried_again_at_once(driver: Driver) -> None:
    """Without a delay the message of the next try comes with the reply."""
    run = driver.submit(pipeline(step("a", retries=1)))
    outcome, message = driver.fail(run, "a")
    assert outcome == "retry"
    assert message is not None
    assert names([message]) == ["a"]
    assert driver.claimed(run, "a").attempt == 2


def test_a_retry_waits_for_its_delay(driver: Driver) -> None:
    """It cannot be claimed early, and becomes due by itself."""
    run = driver.submit(pipeline(step("a", retries=1, retry_delay=0.06)))
    assert driver.fail(run, "a") == ("retry", None)
    refused = driver.claim(run, "a")
    assert isinstance(refused, Refused)
    assert refused.code == "EARLY"
    wait_until(lambda: driver.due() == ["a"])
    assert driver.claimed(run, "a").attempt == 2


def test_the_error_of_the_last_try_is_kept(driver: Driver) -> None:
    """While the step waits for its next try, and after it has failed for good."""
    run = driver.submit(pipeline(step("a", retries=1)))
    driver.fail(run, "a")
    assert driver.step_run(run, "a").error == ERROR
    attempt = driver.attempt(run, "a")
    assert driver.step_run(run, "a").error is None
    driver.index.runs.fail(attempt, "error", ERROR)
    record = driver.step_run(run, "a")
    assert (record.error, record.reason, record.attempt) == (ERROR, "error", 2)


def test_a_step_without_retries_left_fails_and_so_does_its_run(driver: Driver) -> None:
    """As many tries as retries, and the first."""
    run = driver.submit(pipeline(step("a", retries=2)))
    outcomes = [driver.fail(run, "a")[0] for _ in range(3)]
    assert outcomes == ["retry", "retry", "failed"]
    assert driver.state(run, "a") is StepState.FAILED
    assert driver.status(run) is RunStatus.FAILED


def test_what_depended_on_a_failed_step_is_skipped(driver: Driver) -> None:
    """To any distance, with the reason; siblings go on."""
    run = driver.submit(DIAMOND)
    driver.finish(run, "top")
    driver.fail(run, "left")
    assert _states(driver, run) == {
        "top": StepState.SUCCEEDED,
        "left": StepState.FAILED,
        "right": StepState.QUEUED,
        "bottom": StepState.SKIPPED,
        "below": StepState.SKIPPED,
    }
    assert driver.step_run(run, "below").reason == "upstream left"
    assert driver.status(run) is RunStatus.RUNNING


def test_a_run_ends_when_the_last_sibling_of_a_failure_ends(driver: Driver) -> None:
    """The other branch completes, frees nothing, and the run is failed."""
    run = driver.submit(DIAMOND)
    driver.finish(run, "top")
    driver.fail(run, "left")
    assert driver.finish(run, "right").messages == ()
    assert driver.status(run) is RunStatus.FAILED
    assert driver.state(run, "bottom") is StepState.SKIPPED


def test_two_failures_skip_what_they_share_once(driver: Driver) -> None:
    """The count of open steps stays right: the run ends, and ends once."""
    run = driver.submit(DIAMOND)
    driver.finish(run, "top")
    driver.fail(run, "left")
    driver.fail(run, "right")
    assert driver.status(run) is RunStatus.FAILED
    finished = [event for event in driver.index.events.read() if "finished" in event.type]
    assert len(finished) == 1


def test_a_retrying_step_skips_nothing(driver: Driver) -> None:
    """Only the last failure counts."""
    run = driver.submit(pipeline(step("a", retries=1), step("b", after=["a"])))
    driver.fail(run, "a")
    assert driver.state(run, "b") is StepState.PENDING
    assert names(driver.finish(run, "a").messages) == ["b"]


def test_a_wide_and_deep_graph_is_skipped_as_a_whole(driver: Driver) -> None:
    """Every step below the root, each once."""
    layers = [[f"s{depth}x{i}" for i in range(8)] for depth in range(8)]
    steps = [step("root")]
    for above, layer in zip([["root"], *layers], layers, strict=False):
        steps += [step(name, after=above) for name in layer]
    run = driver.submit(PipelineSpec(name="p", function="m:p", steps=tuple(steps)))
    driver.fail(run, "root")
    states = list(_states(driver, run).values())
    assert states == [StepState.FAILED, *[StepState.SKIPPED] * 64]
    assert driver.status(run) is RunStatus.FAILED


def test_a_final_failure_uses_no_retries(driver: Driver) -> None:
    """What cannot become better is not tried again."""
    run = driver.submit(pipeline(step("a", retries=5)))
    assert driver.fail(run, "a", "final") == ("failed", None)
    assert driver.status(run) is RunStatus.FAILED


def test_a_failure_of_the_surroundings_uses_no_retries(driver: Driver) -> None:
    """The hint is sent again ten seconds later, for another worker."""
    run = driver.submit(pipeline(step("a")))
    assert driver.fail(run, "a", "environment") == ("retry", None)
    driver.pass_ticks(19)
    assert driver.due() == []
    driver.pass_ticks(1)
    assert driver.due() == ["a"]
    driver.finish(run, "a")
    assert driver.status(run) is RunStatus.SUCCEEDED


def test_three_failures_of_the_surroundings_are_enough(driver: Driver) -> None:
    """Retries or not: the step fails with the error of the third."""
    run = driver.submit(pipeline(step("a", retries=9)))
    outcomes = [driver.fail(run, "a", "environment")[0] for _ in range(3)]
    assert outcomes == ["retry", "retry", "failed"]
    record = driver.step_run(run, "a")
    assert (record.state, record.reason, record.error) == (StepState.FAILED, "environment", ERROR)


def test_dead_workers_and_bad_surroundings_count_together(driver: Driver) -> None:
    """Three attempts in all that ended through no fault of the step's code."""
    run = driver.submit(pipeline(step("a")))
    driver.fail(run, "a", "environment")
    driver.claimed(run, "a")
    driver.index.nodes.lost("n1", 11)
    assert driver.fail(run, "a", "environment")[0] == "failed"


@pytest.mark.parametrize("kind", ["error", "final", "environment"])
def test_the_same_failure_again_gives_the_stored_outcome(driver: Driver, kind: str) -> None:
    """After a lost reply: nothing is counted twice."""
    run = driver.submit(pipeline(step("a", retries=1)))
    attempt = driver.attempt(run, "a")
    outcome, _ = driver.index.runs.fail(attempt, kind, ERROR)
    before = dump(driver.index)
    assert driver.index.runs.fail(attempt, kind, ERROR) == (outcome, None)
    assert dump(driver.index) == before


def test_a_fence_that_was_taken_away_cannot_fail_the_step(driver: Driver) -> None:
    """Also when an earlier attempt of the step did fail."""
    run = driver.submit(pipeline(step("a", retries=1)))
    driver.fail(run, "a")
    attempt = driver.attempt(run, "a")
    driver.index.nodes.lost("n1", 11)
    before = dump(driver.index)
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempt, "error", ERROR)
    assert dump(driver.index) == before


def test_a_step_that_has_succeeded_cannot_fail(driver: Driver) -> None:
    """The first outcome of an attempt holds."""
    run = driver.submit(pipeline(step("a", outputs=["x"])))
    attempt = driver.attempt(run, "a")
    driver.index.runs.complete(attempt, [new_version("x", output="x")])
    with pytest.raises(StaleFenceError):
        driver.index.runs.fail(attempt, "error", ERROR)
    assert driver.state(run, "a") is StepState.SUCCEEDED


def test_a_failed_attempt_publishes_nothing(driver: Driver) -> None:
    """Its completion comes too late."""
    run = driver.submit(pipeline(step("a", outputs=["x"], retries=1)))
    attempt = driver.attempt(run, "a")
    driver.index.runs.fail(attempt, "error", ERROR)
    with pytest.raises(StaleFenceError):
        driver.index.runs.complete(attempt, [new_version("x", output="x")])
    assert driver.index.records.artifact_names() == []
