from collections.abc import Callable

import pytest

from raincheck.index import Index
from raincheck.index.run_records import read_run
from raincheck_contracts.errors import RunNotFoundError
from raincheck_contracts.events import RunFinished
from raincheck_contracts.pipelines import ListInput, OutputInput, ReferenceInput, ValueInput
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import RunStatus, StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key, key_names
from tests.support.key_leaks import key_leaks

DAY = 86_400_000


def test_the_status_of_a_run_follows_its_steps(driver: Driver) -> None:
    """Queued, waiting, running between two steps too, succeeded."""
    run = driver.submit(pipeline(step("a", "model"), step("b", after=["a"])))
    seen = [driver.status(run)]
    driver.parked(run, "a")
    seen.append(driver.status(run))
    driver.publish("model")
    driver.wake()
    seen.append(driver.status(run))
    attempt = driver.attempt(run, "a")
    seen.append(driver.status(run))
    driver.index.runs.complete(attempt, [])
    seen.append(driver.status(run))
    driver.finish(run, "b")
    seen.append(driver.status(run))
    assert seen == [
        RunStatus.QUEUED,
        RunStatus.WAITING,
        RunStatus.QUEUED,
        RunStatus.RUNNING,
        RunStatus.RUNNING,
        RunStatus.SUCCEEDED,
    ]


def test_a_run_that_has_something_queued_does_not_wait(driver: Driver) -> None:
    """Waiting means that nothing of the run can go on."""
    run = driver.submit(pipeline(step("a", "model"), step("b")))
    driver.parked(run, "a")
    assert driver.status(run) is RunStatus.QUEUED
    attempt = driver.attempt(run, "b")
    assert driver.status(run) is RunStatus.RUNNING
    driver.index.runs.complete(attempt, [])
    assert driver.status(run) is RunStatus.WAITING


def test_the_record_of_a_run_says_when_and_where(driver: Driver) -> None:
    """By the server's clock; parameters as they were given."""
    parameters = '{"rows":[],"big":9007199254740993}'
    name = driver.submit(pipeline(step("a")), parameters=parameters)
    run = driver.index.records.run(name)
    assert run.parameters == {"rows": [], "big": 9007199254740993}
    assert run.ended_at is None
    driver.finish(name, "a")
    run = driver.index.records.run(name)
    [record] = run.steps
    assert (record.node, record.attempt, record.state) == ("n1", 1, StepState.SUCCEEDED)
    assert run.ended_at is not None
    assert record.started_at is not None
    assert run.submitted_at <= record.started_at <= run.ended_at


def test_the_bindings_of_a_step_are_recorded_by_what_was_written(driver: Driver) -> None:
    """References in their string form, outputs as `step.output`."""
    driver.publish("model", MSE=0.5)
    spec = pipeline(
        step("a", outputs=["x"]), step("b", "model@1", "model#/MSE", output_of("a", "x"))
    )
    run = driver.submit(spec)
    driver.finish(run, "a", new_version("x", output="x"))
    driver.finish(run, "b")
    bindings = driver.step_run(run, "b").bindings
    found = {name: (b.artifact, b.version, b.value) for name, b in bindings.items()}
    assert found == {
        "model@1": ("model", "1", None),
        "model:latest#/MSE": ("model", "1", 0.5),
        "a.x": ("x", "1", None),
    }
    assert {b.type for b in bindings.values()} == {"builtins.float"}
    assert {b.size for b in bindings.values()} == {3}


def test_the_pipeline_of_a_run_comes_back_as_it_was_compiled(driver: Driver) -> None:
    """Also with a result, nested inputs, texts that look like the index's own and no digit lost."""
    inputs = {
        "text": ValueInput(value='"steps":[] \x1f ä'),
        "number": ValueInput(value=9007199254740993),
        "nested": ListInput(
            items=(
                ReferenceInput(reference=parse_reference("model?where=MSE<0.2#/MSE", wait=5)),
                OutputInput(step="a", output="x"),
            )
        ),
    }
    second = step("b", output_of("a", "x"), retries=2, timeout=1.5)
    spec = pipeline(step("a", outputs=["x"]), second.model_copy(update={"inputs": inputs}))
    spec = spec.model_copy(
        update={"bind": "run", "result": ValueInput(value={"steps": []}), "name": "q"}
    )
    run = driver.submit(spec)
    assert driver.index.records.spec(run) == spec


def test_what_is_not_there_is_not_found(driver: Driver) -> None:
    """The error names the run."""
    for read in (driver.index.records.run, driver.index.records.spec):
        with pytest.raises(RunNotFoundError, match="gone"):
            read("gone")


def test_runs_are_listed_live_ones_first(driver: Driver) -> None:
    """Ended runs after them, and as many as asked for."""
    spec = pipeline(step("a"))
    ended = driver.submit(spec)
    live = driver.submit(spec)
    driver.finish(ended, "a")
    assert driver.index.records.run_ids(10) == [live, ended]
    assert driver.index.records.run_ids(1) == [live]
    assert driver.index.records.run_ids(10, live_only=True) == [live]


@pytest.mark.parametrize(("outcome", "days"), [("finish", 7), ("fail", 30), ("cancel", 30)])
def test_the_records_of_an_ended_run_expire(driver: Driver, outcome: str, days: int) -> None:
    """Succeeded ones after 7 days, all others after 30; nothing but lineage stays for ever."""
    spec = pipeline(
        step("a", outputs=["x"]), step("b", output_of("a", "x")), step("c", after=["b"])
    )
    run = driver.submit(spec, idempotency_key="k", expires_ms=4_000_000_000_000)
    driver.finish(run, "a", new_version("x", output="x"))
    if outcome == "finish":
        driver.finish(run, "b")
        driver.finish(run, "c")
    elif outcome == "fail":
        driver.fail(run, "b")
    else:
        driver.claimed(run, "b")
        driver.index.runs.cancel(run, "no longer wanted")
    assert key_leaks(driver.index) == []
    of_run = [name for name in key_names(driver.index) if run in name or name == "idem:p:k"]
    of_run = [name for name in of_run if not name.startswith("made:")]
    assert {f"run:{run}", f"step:{run}/a", f"step:{run}/b", "idem:p:k"} <= set(of_run)
    for name in of_run:
        ttl = ask(driver.index, "PTTL", key(driver.index, name))
        assert ttl == pytest.approx(days * DAY, abs=60_000)


def test_a_live_run_has_no_time_to_live(driver: Driver) -> None:
    """However long it waits."""
    run = driver.submit(pipeline(step("a", "model")), idempotency_key="k")
    driver.parked(run, "a")
    for name in (f"run:{run}", f"step:{run}/a", "idem:p:k"):
        assert ask(driver.index, "PTTL", key(driver.index, name)) == -1


def test_ended_runs_whose_record_has_expired_are_not_listed(driver: Driver) -> None:
    """The list keeps them for longer than the record."""
    run = driver.submit(pipeline(step("a")))
    driver.finish(run, "a")
    ask(driver.index, "ZADD", key(driver.index, "runs:done"), 4_000_000_000_000, "expired")
    assert driver.index.records.run_ids(10) == [run]


def test_every_end_of_a_run_is_an_event(driver: Driver) -> None:
    """With its pipeline and status."""
    spec = pipeline(step("a"))
    runs = [driver.submit(spec, depth=2) for _ in range(3)]
    driver.finish(runs[0], "a")
    driver.fail(runs[1], "a")
    driver.index.runs.cancel(runs[2], "no longer wanted")
    events = [event for event in driver.index.events.read() if isinstance(event, RunFinished)]
    found = [(event.data.run, event.data.pipeline, event.data.status) for event in events]
    assert found == [
        (runs[0], "p", RunStatus.SUCCEEDED),
        (runs[1], "p", RunStatus.FAILED),
        (runs[2], "p", RunStatus.CANCELLED),
    ]
    assert {event.data.depth for event in events} == {2}


def test_an_index_keeps_its_protocol_and_epoch(index: Index) -> None:
    """The first to open it gives both."""
    fields = [b"protocol", b"epoch"]
    index.records.revision()
    first = ask(index, "HMGET", key(index, "index"), *map(bytes.decode, fields))
    index.connection.close()
    index.records.revision()
    assert ask(index, "HMGET", key(index, "index"), *map(bytes.decode, fields)) == first
    assert first[0] == b"1"


def test_a_run_that_is_read_again_is_as_if_read_anew(driver: Driver) -> None:
    """In each state of its steps, though what had ended is not read again."""
    run = driver.submit(pipeline(step("a", outputs=["x"]), step("b", "y@1", after=["a"])))
    records = driver.index.records
    stored = records.stored_run(run)
    moves: list[Callable[[], object]] = [
        lambda: driver.finish(run, "a", new_version("x", output="x")),
        lambda: driver.parked(run, "b"),
        lambda: driver.publish("y"),
        driver.wake,
        lambda: driver.finish(run, "b"),
    ]
    for move in moves:
        move()
        stored = records.stored_run_again(stored)
        assert read_run(stored) == records.run(run)


def test_a_run_whose_records_are_gone_is_not_read_again(driver: Driver) -> None:
    """It has ended and expired between two looks."""
    run = driver.submit(pipeline(step("a")))
    stored = driver.index.records.stored_run(run)
    driver.finish(run, "a")
    ask(driver.index, "DEL", key(driver.index, f"run:{run}"))
    with pytest.raises(RunNotFoundError):
        driver.index.records.stored_run_again(stored)
