"""Models: runs make and join versions of one, and references find what is linked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.reuse_scripts import Awaits, Computes, Reused
from raincheck.index.run_scripts import Attempt, Delivery
from raincheck.queueing.run_report import with_present_misses
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.errors import MetadataConflictError, ReferenceNotFoundError
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.models import ModelChoice, RunModel
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference, StepState
from raincheck_contracts.subscriptions import Match, Outcome
from tests.support.builders import new_version, nonce, output_of, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import dump
from tests.support.modelling import (
    LATEST,
    NEW,
    PRODUCTION,
    finish,
    members,
    model_of,
    model_pipeline,
    named,
    put,
    train,
)
from tests.support.subscribing import advance, alias_of, started, subscribe, version_of


def _bound(driver: Driver, run: str, name: str) -> dict[str, str]:
    bindings = driver.step_run(run, name).bindings
    return {written: f"{it.artifact}@{it.version}" for written, it in bindings.items()}


def _missing(index: Index, text: str) -> MissingReason:
    answer = index.versions.resolve([parse_reference(text)]).answers[0]
    assert isinstance(answer, MissingReference), answer
    return answer.reason


def test_a_run_makes_a_version_and_links_what_it_publishes(driver: Driver) -> None:
    """Of several steps all outputs are linked to one version, and so is the run."""
    spec = model_pipeline(NEW, step("fit"), step("score", output_of("fit", "trained_model")))
    run = driver.submit(spec)
    assert model_of(driver, run) == RunModel(name="churn")
    finish(driver, run, "fit", "trained_model", "scaler")
    assert model_of(driver, run) == RunModel(name="churn", version="1")
    finish(driver, run, "score", "report")
    assert members(driver, "1") == {"report": "1", "scaler": "1", "trained_model": "1"}
    assert driver.index.models.runs("churn", "1", 9) == [run]
    assert driver.index.records.version_count("model/churn") == 1
    assert driver.index.models.names() == ["churn"]
    assert driver.index.records.artifact_names() == ["report", "scaler", "trained_model"]


def test_what_a_step_publishes_and_its_model_share_a_revision(driver: Driver) -> None:
    """Nobody sees the outputs without the version of the model that holds them."""
    run = driver.submit(model_pipeline(NEW))
    done = finish(driver, run, "fit", "trained_model")
    (linked,) = driver.index.models.members("churn", "1", 9)
    version = driver.index.records.version("model/churn", "1")
    assert version is not None
    assert (str(linked), linked.run) == ("trained_model@1", run)
    assert {linked.revision, version.revision} == {done.revision}


def test_a_run_that_publishes_nothing_leaves_no_version(driver: Driver) -> None:
    """Neither one that succeeds without outputs, nor one that fails."""
    run = driver.submit(model_pipeline(NEW))
    finish(driver, run, "fit")
    driver.fail(driver.submit(model_pipeline(NEW)), "fit")
    assert driver.index.models.names() == []
    assert model_of(driver, run) == RunModel(name="churn")


def test_each_run_makes_its_own_version(driver: Driver) -> None:
    """Newest are the later ones."""
    train(driver)
    train(driver)
    assert members(driver, "2") == {"trained_model": "2"}
    assert members(driver, "1") == {"trained_model": "1"}


def test_a_name_is_made_once_and_joined_afterwards(driver: Driver) -> None:
    """The first run that publishes makes it."""
    train(driver, model=named("cat"))
    train(driver, "report", model=named("cat"))
    assert members(driver, "cat") == {"report": "1", "trained_model": "1"}
    assert driver.index.records.version_count("model/churn") == 1


def test_a_name_that_another_makes_meanwhile_is_joined(driver: Driver) -> None:
    """Both runs were claimed before it was there."""
    first, second = (driver.submit(model_pipeline(named("cat"))) for _ in range(2))
    attempts = [driver.attempt(run, "fit") for run in (first, second)]
    for attempt in attempts:
        output, model = new_version("trained_model"), new_version("model/churn")
        driver.index.runs.complete(attempt, [output], model=model)
    assert members(driver, "cat") == {"trained_model": "2"}
    assert set(driver.index.models.runs("churn", "cat", 9)) == {first, second}


def test_a_number_is_made_when_its_turn_is(driver: Driver) -> None:
    """A later one is waited for; one that has passed without coming never comes."""
    run = driver.submit(model_pipeline(named("2")))
    (missing,) = driver.parked(run, "fit").missing
    assert missing.reason is MissingReason.MODEL_VERSION_UNKNOWN
    train(driver)
    assert driver.wake() == ["fit"]
    finish(driver, run, "fit", "trained_model")
    assert members(driver, "2") == {"trained_model": "2"}
    hopeless = driver.submit(model_pipeline(named("007")))
    driver.claim(hopeless, "fit")
    assert driver.state(hopeless, "fit") is StepState.FAILED


@pytest.mark.parametrize(
    ("model", "reason"),
    [(LATEST, MissingReason.MODEL_UNKNOWN), (PRODUCTION, MissingReason.MODEL_UNKNOWN)],
)
def test_a_run_waits_for_the_model_that_it_works_on(
    driver: Driver, model: ModelChoice, reason: MissingReason
) -> None:
    """Even a step without references; it is woken when the version is there."""
    run = driver.submit(model_pipeline(model))
    (missing,) = driver.parked(run, "fit").missing
    assert missing.reason is reason
    train(driver)
    if model is PRODUCTION:
        driver.wake()
        assert driver.state(run, "fit") is StepState.WAITING
        put(driver, "production", "1")
    assert driver.wake() == ["fit"]
    finish(driver, run, "fit", "report")
    assert members(driver, "1") == {"report": "1", "trained_model": "1"}


def test_a_run_stays_with_its_version_when_the_stage_moves(driver: Driver) -> None:
    """All its steps and attempts, and a member or metadata that is asked for by the stage."""
    for number in (1, 2):
        train(driver)
        driver.index.versions.log_metadata("model/churn", str(number), {"accuracy": number})
    put(driver, "production", "1")
    needs = ("trained_model?model=churn:production", "model/churn:production#/accuracy")
    spec = model_pipeline(PRODUCTION, step("a", *needs, retries=1), step("b", *needs))
    run = driver.submit(spec)
    driver.fail(run, "a")
    put(driver, "production", "2")
    expected = {needs[0]: "trained_model@1", needs[1]: "model/churn@1"}
    for name in ("a", "b"):
        finish(driver, run, name, name)
        assert _bound(driver, run, name) == expected
    assert members(driver, "1") == {"a": "1", "b": "1", "trained_model": "1"}
    later = driver.submit(spec)
    finish(driver, later, "b", "b")
    assert _bound(driver, later, "b")[needs[0]] == "trained_model@2"


def test_a_run_that_is_retried_stays_with_its_version(driver: Driver) -> None:
    """Also when its references are resolved again: what succeeded is linked already."""
    train(driver)
    put(driver, "production", "1")
    need = "trained_model?model=churn:production"
    run = driver.submit(model_pipeline(PRODUCTION, step("a", need), step("b", need)))
    finish(driver, run, "a", "report")
    driver.fail(run, "b")
    train(driver)
    put(driver, "production", "2")
    driver.index.runs.retry(run, earlier=0, rebind=True, inline_wait_ms=0)
    finish(driver, run, "b", "other")
    assert _bound(driver, run, "b") == {need: "trained_model@1"}
    assert set(members(driver, "1")) == {"other", "report", "trained_model"}


def test_the_whole_run_scope_takes_the_run_s_version(driver: Driver) -> None:
    """References that are bound at the first step do as those of a step."""
    train(driver)
    put(driver, "production", "1")
    need = "trained_model?model=churn:production"
    spec = model_pipeline(PRODUCTION, step("a", need), step("b", need), bind="run")
    run = driver.submit(spec)
    finish(driver, run, "a")
    train(driver)
    put(driver, "production", "2")
    finish(driver, run, "b", "report")
    assert _bound(driver, run, "b") == {need: "trained_model@1"}
    assert set(members(driver, "1")) == {"report", "trained_model"}


def test_a_member_is_found_by_any_name_of_the_model_s_version(driver: Driver) -> None:
    """Newest, by name, by stage and counted back; with metadata of that very member."""
    for error in (0.1, 0.2):
        train(driver)
        driver.index.versions.log_metadata("trained_model", None, {"MSE": error})
    put(driver, "production", "1")
    driver.publish("trained_model", MSE=0.3)  # of no model
    texts = {
        "trained_model?model=churn": ("2", None),
        "trained_model?model=churn@1": ("1", None),
        "trained_model?model=churn:production": ("1", None),
        "trained_model?model=churn~1": ("1", None),
        "trained_model?model=churn:production#/MSE": ("1", "0.1"),
    }
    answers = driver.index.versions.resolve([parse_reference(text) for text in texts]).answers
    assert [(it.version, it.metadata) for it in answers] == list(texts.values())  # type: ignore[union-attr]


def test_each_thing_that_is_missing_has_its_own_word(driver: Driver) -> None:
    """Model, its version, its stage, the member."""
    index = driver.index
    assert _missing(index, "m?model=churn") is MissingReason.MODEL_UNKNOWN
    assert _missing(index, "model/churn") is MissingReason.MODEL_UNKNOWN
    train(driver)
    assert _missing(index, "m?model=churn@5") is MissingReason.MODEL_VERSION_UNKNOWN
    assert _missing(index, "m?model=churn~5") is MissingReason.MODEL_VERSION_UNKNOWN
    assert _missing(index, "model/churn@cat") is MissingReason.MODEL_VERSION_UNKNOWN
    assert _missing(index, "m?model=churn:production") is MissingReason.STAGE_UNKNOWN
    assert _missing(index, "model/churn:production") is MissingReason.STAGE_UNKNOWN
    assert _missing(index, "m?model=churn") is MissingReason.MEMBER_UNKNOWN
    assert _missing(index, "trained_model?model=churn#/MSE") is MissingReason.METADATA_KEY_UNKNOWN


def by_hand(driver: Driver) -> None:
    """Publish a version and link it."""
    driver.publish("m")
    driver.index.models.link("churn", "1", "m", "1")


def _train_m(driver: Driver) -> str:
    return train(driver, "m")


def _by_stage(driver: Driver) -> None:
    by_hand(driver)
    put(driver, "production", "1")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("m?model=churn", _train_m),
        ("m?model=churn", by_hand),
        ("m?model=churn@1", by_hand),
        ("m?model=churn@2", _train_m),
        ("m?model=churn:production", _by_stage),
    ],
)
def test_who_waits_for_a_member_is_woken(
    driver: Driver, text: str, cure: Callable[[Driver], object]
) -> None:
    """By the link, by a later version of the model, or by the stage."""
    train(driver)
    run = driver.submit(pipeline(step("a", text)))
    driver.parked(run, "a")
    assert driver.wake() == []
    cure(driver)
    assert driver.wake() == ["a"]
    driver.claimed(run, "a")


def test_who_waits_for_metadata_of_a_member_is_woken(driver: Driver) -> None:
    """By the entry, and by another version in the stage that has it."""
    train(driver)
    put(driver, "production", "1")
    run = driver.submit(pipeline(step("a", "trained_model?model=churn:production#/MSE")))
    driver.parked(run, "a")
    driver.index.versions.log_metadata("trained_model", "1", {"other": 1})
    driver.wake()
    assert driver.state(run, "a") is StepState.WAITING
    driver.index.versions.log_metadata("trained_model", "1", {"MSE": 0.5})
    assert driver.wake() == ["a"]
    train(driver)
    train(driver)
    put(driver, "production", "2")
    driver.index.versions.log_metadata("trained_model", "3", {"MSE": 0.5})
    second = driver.submit(pipeline(step("a", "trained_model?model=churn:production#/MSE")))
    driver.parked(second, "a")
    put(driver, "production", "3")
    assert driver.wake() == ["a"]


def test_linking_an_older_version_later_does_not_make_it_the_newest(driver: Driver) -> None:
    """The order is that of the artifact; so a link that is repeated has no effect."""
    train(driver)
    for _ in range(2):
        driver.publish("m")
    driver.index.models.link("churn", "1", "m", "2")
    driver.index.models.link("churn", "1", "m", "1")
    before = dump(driver.index)
    driver.index.models.link("churn", "1", "m", "1")
    assert dump(driver.index) == before
    assert members(driver, "1")["m"] == "2"
    linked = driver.index.models.members("churn", "1", 9)
    assert [str(item) for item in linked] == ["m@1", "m@2", "trained_model@1"]
    with pytest.raises(ReferenceNotFoundError, match="m@9"):
        driver.index.models.link("churn", "1", "m", "9")
    with pytest.raises(ReferenceNotFoundError, match="model/churn@9"):
        driver.index.models.link("churn", "9", "m", "1")


def test_metadata_of_the_model_is_written_with_the_outputs(driver: Driver) -> None:
    """It makes the version, too, and a conflict refuses the whole completion."""
    run = driver.submit(model_pipeline(NEW, step("a"), step("b")))
    finish(driver, run, "a", metadata={"accuracy": 0.9})
    version = driver.index.records.version("model/churn", "1")
    assert version is not None
    assert version.metadata == {"accuracy": 0.9}
    attempt = driver.attempt(run, "b")
    conflict = new_version("model/churn", metadata={"accuracy": 0.8})
    with pytest.raises(MetadataConflictError):
        driver.index.runs.complete(attempt, [new_version("m")], model=conflict)
    assert driver.index.records.version_count("m") == 0
    more = new_version("model/churn", metadata={"loss": 1})
    driver.index.runs.complete(attempt, [new_version("m")], model=more)
    version = driver.index.records.version("model/churn", "1")
    assert version is not None
    assert version.metadata == {"accuracy": 0.9, "loss": 1}


def test_a_completion_that_is_repeated_links_once(driver: Driver) -> None:
    """It is told what the first did."""
    run = driver.submit(model_pipeline(NEW))
    attempt = driver.attempt(run, "fit")
    arguments = ([new_version("m")],)
    model = new_version("model/churn")
    first = driver.index.runs.complete(attempt, *arguments, model=model)
    before = dump(driver.index)
    assert driver.index.runs.complete(attempt, *arguments, model=model).outputs == first.outputs
    assert dump(driver.index) == before


def test_an_attempt_that_lost_its_step_links_nothing(driver: Driver) -> None:
    """Its outputs are not published either."""
    run = driver.submit(model_pipeline(NEW))
    attempt = driver.attempt(run, "fit")
    driver.index.runs.cancel(run, "no longer wanted")
    with pytest.raises(Exception, match=run):
        driver.index.runs.complete(attempt, [new_version("m")], model=new_version("model/churn"))
    assert driver.index.models.names() == []


def test_the_worker_is_told_the_model(driver: Driver) -> None:
    """Its version once that is fixed, the same to a delivery that asks again."""
    run = driver.submit(model_pipeline(NEW, step("a"), step("b")))
    assert driver.claimed(run, "a").model == RunModel(name="churn")
    other = driver.submit(model_pipeline(NEW, step("a"), step("b")))
    finish(driver, other, "a", "m")
    delivery = Delivery(nonce=nonce(), node="n1", pid=1, task="t")
    told = [driver.deliver(other, "b", delivery) for _ in range(2)]
    assert [item.model for item in told] == [RunModel(name="churn", version="1")] * 2  # type: ignore[union-attr]
    assert driver.claimed(driver.submit(pipeline(step("a"))), "a").model is None


def test_runs_at_once_get_a_version_each(valkey_index: Index) -> None:
    """Twenty, without a gap and without a double."""
    drivers = [Driver(valkey_index) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(_train_m, drivers))
    models = [model_of(drivers[0], run) for run in runs]
    assert {model.version for model in models if model} == {str(n) for n in range(1, 21)}
    for model in models:
        assert model is not None
        assert model.version is not None
        assert list(members(drivers[0], model.version)) == ["m"]


def test_bindings_name_the_member_and_not_the_model(driver: Driver) -> None:
    """So that lineage, caches and retries see what was used."""
    train(driver)
    run = driver.submit(pipeline(step("a", "trained_model?model=churn")))
    driver.claimed(run, "a")
    (binding,) = driver.step_run(run, "a").bindings.values()
    assert isinstance(binding, Binding)
    assert (binding.artifact, binding.version) == ("trained_model", "1")


def _reuses(driver: Driver) -> tuple[str, Reused | Computes | Awaits, Attempt]:
    """A run that makes a version of the model asks for what is computed already."""
    run = driver.submit(model_pipeline(NEW))
    attempt = driver.attempt(run, "fit")
    model = new_version("model/churn")
    return run, driver.index.reuse.reuse(attempt, "b3:k", 600, BoundReferences(), model), attempt


def outputs_from_the_cache_are_linked(driver: Driver) -> None:
    """They are members of each model version whose run has taken them."""
    run, answer, attempt = _reuses(driver)
    assert isinstance(answer, Computes)
    output = new_version("trained_model", output="trained_model")
    driver.index.runs.complete(attempt, [output], model=new_version("model/churn"))
    again, answer, attempt = _reuses(driver)
    assert isinstance(answer, Reused)
    assert members(driver, "1") == members(driver, "2") == {"trained_model": "1"}
    assert model_of(driver, again) == RunModel(name="churn", version="2")
    before = dump(driver.index)
    model = new_version("model/churn")
    assert driver.index.reuse.reuse(attempt, "b3:k", 600, BoundReferences(), model) == answer
    assert dump(driver.index) == before
    assert run != again


def what_logs_metadata_of_the_model_is_computed_again(driver: Driver) -> None:
    """A hit would not log it to the next version."""
    _, _, attempt = _reuses(driver)
    output = new_version("trained_model", output="trained_model")
    model = new_version("model/churn", metadata={"accuracy": 1})
    driver.index.runs.complete(attempt, [output], model=model)
    _, answer, _ = _reuses(driver)
    assert isinstance(answer, Computes)


def test_outputs_from_the_cache_are_linked(driver: Driver) -> None:
    """On both servers."""
    outputs_from_the_cache_are_linked(driver)


def test_what_logs_metadata_of_the_model_is_computed_again(driver: Driver) -> None:
    """On both servers."""
    what_logs_metadata_of_the_model_is_computed_again(driver)


def test_events_start_runs_with_a_model(driver: Driver) -> None:
    """Each makes a version of its own; a version of a model may start one, too."""
    subscribe(driver.index, "one", version_of("data"), spec=model_pipeline(NEW))
    subscribe(driver.index, "two", version_of("model/churn"), feedback=True)
    subscribe(driver.index, "three", alias_of("model/churn", "production"))
    driver.publish("data")
    advance(driver.index)
    (run,) = started(driver.index, "one")
    finish(driver, driver.adopt(f"one+{run}", model_pipeline(NEW)), "fit", "trained_model")
    assert members(driver, "1") == {"trained_model": "1"}
    advance(driver.index)
    (made,) = started(driver.index, "two")
    assert made == "1+model+churn@1"
    assert driver.index.subscriptions.match("two", "model/churn", "1") == Match(
        outcome=Outcome.STARTED, run=f"two+{made}"
    )
    put(driver, "production", "1")
    driver.index.aliases.remove(nonce(), "model/churn", "production", mover=Mover())
    advance(driver.index)
    assert len(started(driver.index, "three")) == 1


def test_what_a_run_waits_for_is_told_of_its_own_version(driver: Driver) -> None:
    """Not of the one that is in the stage by now, in which it would be there."""
    train(driver)
    train(driver, "m")
    put(driver, "production", "1")
    need = "m?model=churn:production"
    run = driver.submit(model_pipeline(PRODUCTION, step("a"), step("b", need)))
    finish(driver, run, "a")
    driver.parked(run, "b")
    put(driver, "production", "2")
    told = with_present_misses(driver.index, driver.index.records.run(run))
    (waiting,) = [item for item in told.steps if item.step == "b"]
    assert [item.reason for item in waiting.missing] == [MissingReason.MEMBER_UNKNOWN]
