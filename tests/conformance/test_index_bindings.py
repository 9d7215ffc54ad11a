from raincheck.index.replies import Claimed, Parked
from raincheck_contracts.runs import StepState
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import key_names


def _versions(reply: Claimed) -> list[str]:
    return [value.version for value in reply.values]


def test_a_retry_uses_what_the_first_claim_bound(driver: Driver) -> None:
    """Newer versions, a moved alias, a better one: none of them reaches a bound step."""
    driver.publish("model", MSE=0.5)
    spec = pipeline(step("a", "model", "model#/MSE", "model?min=MSE", retries=1))
    run = driver.submit(spec)
    first = driver.claimed(run, "a")
    assert _versions(first) == ["1", "1", "1"]
    driver.index.nodes.lost("n1", 11)
    driver.publish("model", MSE=0.1)
    driver.fail(run, "a")
    third = driver.claimed(run, "a")
    assert third.attempt == 3
    assert (third.values, third.revision) == (first.values, first.revision)


def test_a_step_given_back_by_a_dead_worker_keeps_its_bindings(driver: Driver) -> None:
    """As after a failure: bound once."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model")))
    first = driver.claimed(run, "a")
    driver.publish("model")
    driver.index.nodes.lost("n1", 11)
    again = driver.claimed(run, "a")
    assert again.values == first.values
    assert again.attempt == 2


def test_steps_of_a_run_are_bound_each_at_its_own_claim(driver: Driver) -> None:
    """Step scope is as late as possible."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model"), step("b", "model", after=["a"])))
    driver.finish(run, "a")
    driver.publish("model")
    assert _versions(driver.claimed(run, "b")) == ["2"]


def test_a_parked_step_is_bound_when_it_is_claimed_not_when_it_is_woken(driver: Driver) -> None:
    """Between the wake-up and the claim a newer version may come; it is the one."""
    run = driver.submit(pipeline(step("a", "model")))
    driver.parked(run, "a")
    driver.publish("model")
    driver.wake()
    driver.publish("model")
    assert _versions(driver.claimed(run, "a")) == ["2"]


def test_a_run_in_run_scope_is_bound_at_its_first_claim(driver: Driver) -> None:
    """Two roots get one version although another is published between their claims."""
    driver.publish("model", MSE=0.5)
    spec = pipeline(step("a", "model"), step("b", "model#/MSE", "model"), bind="run")
    run = driver.submit(spec)
    first = driver.claimed(run, "a")
    driver.publish("model", MSE=0.1)
    second = driver.claimed(run, "b")
    assert _versions(first) == ["1"]
    assert _versions(second) == ["1", "1"]
    assert second.values[0].metadata == "0.5"
    assert second.revision == first.revision


def test_run_scope_mixes_outputs_and_run_bindings_in_the_order_of_the_step(driver: Driver) -> None:
    """Outputs come from the run's own steps, everything else from its bindings."""
    driver.publish("model", MSE=0.5)
    driver.publish("data")
    spec = pipeline(
        step("a", "data", outputs=["x"]),
        step("b", "model", output_of("a", "x"), "data", "model#/MSE"),
        bind="run",
    )
    run = driver.submit(spec)
    driver.finish(run, "a", new_version("x", "first", output="x"))
    driver.publish("model", MSE=0.1)
    driver.publish("data")
    values = driver.claimed(run, "b").values
    found = [(value.artifact, value.version, value.metadata) for value in values]
    assert found == [
        ("model", "1", None),
        ("x", "first", None),
        ("data", "1", None),
        ("model", "1", "0.5"),
    ]


def test_run_scope_waits_for_what_any_step_of_the_run_misses(driver: Driver) -> None:
    """The first step is not started before all of the run can be bound."""
    driver.publish("model")
    spec = pipeline(step("a", "model"), step("b", "data", after=["a"]), bind="run")
    run = driver.submit(spec)
    reply = driver.claim(run, "a")
    assert isinstance(reply, Parked)
    assert [item.reference for item in reply.missing] == ["data:latest"]
    driver.publish("data")
    assert driver.wake() == ["a"]
    driver.publish("model")
    assert _versions(driver.claimed(run, "a")) == ["2"]


def test_all_roots_of_a_waiting_run_are_woken(driver: Driver) -> None:
    """Each root parks for itself; the first claim after the wake-up binds for all."""
    spec = pipeline(step("a", "model"), step("b", "model"), bind="run")
    run = driver.submit(spec)
    driver.parked(run, "a")
    driver.parked(run, "b")
    driver.publish("model")
    assert sorted(driver.wake()) == ["a", "b"]
    first = driver.claimed(run, "b")
    driver.publish("model")
    assert driver.claimed(run, "a").values == first.values


def test_the_bindings_of_a_run_survive_a_retry(driver: Driver) -> None:
    """Run scope and bound once together."""
    driver.publish("model")
    spec = pipeline(step("a", "model", retries=1), step("b", "model"), bind="run")
    run = driver.submit(spec)
    driver.fail(run, "a")
    driver.publish("model")
    assert _versions(driver.claimed(run, "b")) == ["1"]
    assert _versions(driver.claimed(run, "a")) == ["1"]


def test_a_step_without_references_binds_nothing(driver: Driver) -> None:
    """It is handed out at once, in either scope."""
    for spec in (pipeline(step("a")), pipeline(step("a"), bind="run")):
        run = driver.submit(spec)
        assert driver.claimed(run, "a").values == ()
        assert driver.step_run(run, "a").bindings == {}


def test_a_step_has_no_record_before_its_first_claim(driver: Driver) -> None:
    """A queued step costs one field of its run."""
    run = driver.submit(pipeline(step("a"), step("b", after=["a"])))
    assert [name for name in key_names(driver.index) if name.startswith("step:")] == []
    assert driver.state(run, "b") is StepState.PENDING
