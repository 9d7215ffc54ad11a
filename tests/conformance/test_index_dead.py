import pytest

from raincheck_contracts.runs import StepState
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key

ONE = pipeline(step("a", retries=5), step("b", after=["a"]))


def killed(driver: Driver, run: str, times: int = 3) -> None:
    """Each attempt kills its process."""
    for pid in range(11, 11 + times):
        driver.claimed(run, "a", pid=pid)
        driver.index.nodes.lost("n1", pid, f"signal {pid}")


def listed(driver: Driver) -> list[tuple[str, str]]:
    """Run and step of what is on the list."""
    return [(found.id, record.step) for found, record in driver.index.records.dead(10)]


def test_a_step_that_kills_its_workers_is_listed_with_its_report(driver: Driver) -> None:
    """Which attempt, where and how each of them ended; newest first."""
    runs = [driver.submit(ONE) for _ in range(2)]
    killed(driver, runs[0], 2)
    assert listed(driver) == [], "it may still succeed"
    driver.claimed(runs[0], "a", pid=13)
    driver.index.nodes.lost("n1", 13, "signal 13")
    killed(driver, runs[1])
    assert set(listed(driver)) == {(run, "a") for run in runs}
    assert driver.index.records.dead_count() == 2
    losses = driver.step_run(runs[0], "a").losses
    assert [(loss.attempt, loss.node, loss.pid, loss.why) for loss in losses] == [
        (1, "n1", 11, "signal 11"),
        (2, "n1", 12, "signal 12"),
        (3, "n1", 13, "signal 13"),
    ]
    assert str(losses[0]) == "attempt 1 on n1, process 11: signal 11"
    assert [loss.at for loss in losses] == sorted(loss.at for loss in losses)


def test_what_no_worker_could_run_is_listed_too(driver: Driver) -> None:
    """Its surroundings failed thrice, or nobody's code knows it."""
    unfit, unknown = driver.submit(ONE), driver.submit(ONE)
    for _ in range(3):
        driver.fail(unfit, "a", "environment")
    for _ in range(30):
        driver.index.runs.decline(unknown, "a", "no step steps:a")
    assert set(listed(driver)) == {(unfit, "a"), (unknown, "a")}
    assert len(driver.step_run(unfit, "a").losses) == 3
    assert driver.step_run(unknown, "a").losses == ()


def test_a_step_that_failed_by_itself_is_not_listed(driver: Driver) -> None:
    """Nor one that was skipped: their own records say why."""
    run = driver.submit(ONE)
    driver.fail(run, "a", "final")
    assert driver.state(run, "b") is StepState.SKIPPED
    assert listed(driver) == []


def test_a_retried_run_leaves_the_list(driver: Driver) -> None:
    """With all its tries, and a report that begins anew."""
    run = driver.submit(ONE)
    killed(driver, run)
    driver.index.runs.retry(run, earlier=0, rebind=False, inline_wait_ms=0)
    assert listed(driver) == []
    assert driver.step_run(run, "a").losses == ()
    killed(driver, run, 1)
    assert [loss.attempt for loss in driver.step_run(run, "a").losses] == [4]


def test_a_death_told_twice_is_in_the_report_once(driver: Driver) -> None:
    """The reply was lost and the call repeated."""
    run = driver.submit(ONE)
    killed(driver, run)
    before = dump(driver.index)
    driver.index.nodes.lost("n1", 13, "signal 13")
    assert dump(driver.index) == before


def test_silent_workers_and_unheld_attempts_are_told_apart(driver: Driver) -> None:
    """The report says how each attempt was lost."""
    run = driver.submit(ONE)
    driver.claimed(run, "a")
    driver.pass_ticks(30)
    driver.index.nodes.reap()
    driver.register("n1")
    driver.claimed(run, "a")
    (held,) = driver.index.nodes.beat("n1", 20).running
    driver.index.nodes.give_back("n1", held, "lost")
    assert [loss.why for loss in driver.step_run(run, "a").losses] == [
        "the worker fell silent",
        "no process held it any more",
    ]


@pytest.mark.parametrize("gone", ["trimmed", "unread"])
def test_the_list_ends_with_the_records(driver: Driver, gone: str) -> None:
    """After 30 days; until then who reads it skips it."""
    run = driver.submit(ONE)
    killed(driver, run)
    if gone == "trimmed":
        ask(driver.index, "ZADD", key(driver.index, "dead"), 1, f"{run}/a")
        driver.index.runs.trim()
        assert driver.index.records.dead_count() == 0
    else:
        ask(driver.index, "DEL", key(driver.index, f"run:{run}"))
        assert listed(driver) == []
