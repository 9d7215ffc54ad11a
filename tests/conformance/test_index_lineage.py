"""What a step had bound and made is written down as it ends, and outlives its run."""

from dataclasses import replace

from raincheck.index.connection import text
from raincheck.index.entries import NewVersion
from raincheck.lineage.walking import lineage_of
from raincheck_contracts.lineage import BoundReference, BoundReferences, Lineage
from tests.support.builders import new_version, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key, key_names

BOUND = BoundReferences(
    bound=(
        BoundReference(
            parameter="error",
            reference="model:latest#/MSE",
            artifact="model",
            version="1",
            pointer="/MSE",
            value=0.5,
        ),
    )
)


def _lineage(driver: Driver, root: str, **options: object) -> Lineage:
    asked = {"direction": "both", "depth": None, "limit": 1_000, **options}
    return lineage_of(driver.index, root, **asked)  # type: ignore[arg-type] # a test's short form


def _users(driver: Driver, version: str) -> list[str]:
    members = ask(driver.index, "ZRANGE", key(driver.index, f"used:{version}"), 0, -1)
    return [text(member) for member in members]


def _made(run: str, name: str, artifact: str, *, inputs: tuple[str, ...] = ()) -> NewVersion:
    """An output of a step, whose record says so, as workers write it."""
    made = new_version(artifact, output=artifact)
    origin = {"run": run, "step": name, "output": artifact, "inputs": inputs}
    return replace(made, record=made.record.model_copy(update=origin))


def _report(driver: Driver) -> str:
    """A run whose only step binds the newest model and makes nothing."""
    run = driver.submit(pipeline(step("report", "model")))
    driver.finish(run, "report")
    return run


def test_a_chain_is_found_from_both_ends_without_its_run(driver: Driver) -> None:
    """With the reference as written, the parameter, the revision and the value."""
    driver.publish("model", MSE=0.5)
    spec = pipeline(
        step("a", "model:latest#/MSE", outputs=["x", "y"]),
        step("b", output_of("a", "x"), outputs=["z"]),
    )
    run = driver.submit(spec)
    made = [_made(run, "a", "x"), _made(run, "a", "y")]
    bound_at = driver.index.records.revision()
    driver.index.runs.complete(driver.attempt(run, "a"), made, (), BOUND)
    driver.finish(run, "b", _made(run, "b", "z", inputs=("x@1",)))
    for name in key_names(driver.index):
        if name.startswith(("run:", "step:", "spec:")):
            ask(driver.index, "DEL", key(driver.index, name))
    down, up = _lineage(driver, "model@1", direction="down"), _lineage(driver, "z@1")
    assert [one.name for one in down.versions] == ["model@1", "x@1", "y@1", "z@1"]
    assert [one.name for one in up.versions] == ["z@1", "x@1", "model@1"]
    (edge,) = [one for one in up.edges if one.version == "model@1"]
    assert (edge.parameter, edge.reference, edge.pointer, edge.value) == (
        "error",
        "model:latest#/MSE",
        "/MSE",
        0.5,
    )
    (first,) = [one for one in up.steps if one.step == "a"]
    assert (first.pipeline, first.revision, first.exact) == ("p", bound_at, True)


def test_a_step_that_makes_nothing_is_among_those_that_used_a_version(driver: Driver) -> None:
    """Once, whatever else its run does."""
    driver.publish("model")
    run = _report(driver)
    found = _lineage(driver, "model@1", direction="down")
    assert [(one.run, one.step) for one in found.steps] == [(run, "report")]
    assert [one.kind for one in found.edges] == ["bound"]


def test_a_completion_that_is_repeated_is_noted_once(driver: Driver) -> None:
    """By the fence: the repeat reads what was stored."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model")))
    attempt = driver.attempt(run, "a")
    driver.index.runs.complete(attempt, ())
    driver.publish("other")  # a repeat that counted would stand at a later revision
    driver.index.runs.complete(attempt, ())
    assert len(_users(driver, "model:1")) == 1


def test_the_newest_thousand_users_are_listed_and_older_ones_counted(driver: Driver) -> None:
    """What is kept of a step that made nothing goes with its last place on a list."""
    driver.publish("model")
    users = key(driver.index, "used:model:1")
    oldest = _report(driver)
    for number in range(999):
        ask(driver.index, "ZADD", users, 10**6 + number, f"run-{number}/a@{10**6 + number}")
    newest = driver.submit(pipeline(step("a", "model")))
    ask(driver.index, "HSET", key(driver.index, "index"), "revision", 10**7)
    driver.finish(newest, "a")
    listed = _users(driver, "model:1")
    assert len(listed) == 1_000
    assert not [one for one in listed if one.startswith(oldest)]
    assert not [one for one in key_names(driver.index) if one.startswith(f"made:{oldest}")]
    found = _lineage(driver, "model@1", direction="down", limit=5)
    assert found.versions[0].unlisted_users == 1
    assert found.truncated
    assert len(found.versions) + len(found.steps) == 5


def test_versions_of_an_earlier_release_show_their_inputs(driver: Driver) -> None:
    """Which is all that is known of them."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", "model", outputs=["x"])))
    driver.finish(run, "a", _made(run, "a", "x", inputs=("model@1",)))
    for name in key_names(driver.index):
        if name.startswith(("made:", "used:")):
            ask(driver.index, "DEL", key(driver.index, name))
    found = _lineage(driver, "x@1")
    assert [one.name for one in found.versions] == ["x@1", "model@1"]
    assert not found.steps[0].exact


def test_depth_and_limit_say_that_there_is_more(driver: Driver) -> None:
    """And only then."""
    driver.publish("model")
    _report(driver)
    assert _lineage(driver, "model@1", depth=0).truncated
    assert _lineage(driver, "model@1", limit=1).truncated
    assert not _lineage(driver, "model@1", depth=1, limit=2).truncated


def test_what_a_step_loads_by_itself_is_noted(driver: Driver) -> None:
    """Also of a step without references: found from what it loaded, and from what it made."""
    driver.publish("model")
    run = driver.submit(pipeline(step("a", outputs=["x"])))
    loaded = BoundReferences(loaded=("model@1",))
    driver.index.runs.complete(driver.attempt(run, "a"), [_made(run, "a", "x")], (), loaded)
    for found in (_lineage(driver, "model@1"), _lineage(driver, "x@1")):
        assert {(edge.kind, edge.version) for edge in found.edges} == {
            ("loaded", "model@1"),
            ("produced", "x@1"),
        }
        assert _users(driver, "model:1") == [found.steps[0].key]
    assert driver.index.deletions.unused(["model@1", "x@1"]) == {"x@1"}
