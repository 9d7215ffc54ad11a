"""Deleting what is linked to a model, a model's version itself, and what shares a form."""

from collections.abc import Callable

import pytest

from raincheck.index.alias_scripts import Mover
from raincheck_contracts.deletions import Deletion
from raincheck_contracts.errors import ReferenceNotFoundError, VersionLinkedError
from raincheck_contracts.runs import StepState
from tests.support.builders import new_version, nonce, record, step
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key, key_names
from tests.support.modelling import PRODUCTION, members, model_pipeline, put, train
from tests.support.mutants import Mutant, check_mutant


def _delete(
    driver: Driver, artifact: str, version: str, *, force: bool = False, request: str | None = None
) -> Deletion:
    deletions = driver.index.deletions
    wish = request or nonce()
    return deletions.delete(wish, artifact, version, force=force, mover=Mover()).deletion


def a_member_is_not_deleted_by_accident(driver: Driver) -> None:
    """The refusal names the models, and writes nothing."""
    train(driver, "trained_model", "scaler")
    driver.index.versions.publish(nonce(), new_version("model/iris"))
    driver.index.models.link("iris", "1", "trained_model", "1")
    before = dump(driver.index)
    with pytest.raises(VersionLinkedError, match=r"belongs to churn@1, iris@1 among the models"):
        _delete(driver, "trained_model", "1")
    assert dump(driver.index) == before


def a_deleted_member_leaves_its_models(driver: Driver) -> None:
    """The newest of those that are left takes its place."""
    train(driver, "trained_model", "scaler")
    driver.publish("trained_model")
    driver.publish("trained_model")
    for version in ("2", "3"):
        driver.index.models.link("churn", "1", "trained_model", version)
    driver.index.versions.publish(nonce(), new_version("model/iris"))
    driver.index.models.link("iris", "1", "trained_model", "3")
    for _ in range(2):
        done = _delete(driver, "trained_model", "3", force=True, request="once")
        assert done.models == ("churn@1", "iris@1")
    assert members(driver, "1") == {"scaler": "1", "trained_model": "2"}
    _delete(driver, "trained_model", "1", force=True)
    assert members(driver, "1") == {"scaler": "1", "trained_model": "2"}
    _delete(driver, "trained_model", "2", force=True)
    assert members(driver, "1") == {"scaler": "1"}
    assert [member.artifact for member in driver.index.models.members("churn", "1", 9)] == [
        "scaler"
    ]


def nothing_is_left_of_a_model(driver: Driver) -> None:
    """Of its last version, the tombstone stays, and what was linked stays as it is."""
    train(driver)
    _delete(driver, "model/churn", "1", force=True)
    assert driver.index.models.names() == []
    assert driver.index.records.artifact_names() == ["trained_model"]
    kinds = ("members:", "linked:", "modelruns:")
    assert [name for name in key_names(driver.index) if name.startswith(kinds)] == []
    assert driver.index.records.version("trained_model", "1") is not None


def test_a_run_whose_version_of_the_model_is_deleted_is_told(driver: Driver) -> None:
    """It does not wait for what cannot come, and links nothing to what is not there."""
    train(driver, "other")
    put(driver, "production", "1")
    spec = model_pipeline(
        PRODUCTION, step("fit"), step("use", "trained_model?model=churn:production", after=["fit"])
    )
    run = driver.submit(spec)
    attempt = driver.attempt(run, "fit")
    _delete(driver, "model/churn", "1", force=True)
    model = new_version("model/churn")
    with pytest.raises(ReferenceNotFoundError, match="churn@1 was deleted"):
        driver.index.runs.complete(attempt, [new_version("x", output="x")], model=model)
    driver.index.runs.complete(attempt, [])
    driver.claim(run, "use")
    assert driver.state(run, "use") is StepState.FAILED


def a_form_goes_with_its_last_version(driver: Driver) -> None:
    """And a deleted version is still read whole by who was given it."""
    for _ in range(2):
        driver.publish("model")
    _delete(driver, "model", "1")
    assert driver.index.records.version("model", "2").record == record()  # type: ignore[union-attr]
    assert ask(driver.index, "HVALS", key(driver.index, "forms:users")) == [b"1"]
    _delete(driver, "model", "2")
    assert not {"forms", "forms:users"} & set(key_names(driver.index))
    held = driver.index.deletions.held("model", "1")
    assert held
    assert (held.version.record, held.inline) == (record(), b"1.5")


SCENARIOS = (
    a_member_is_not_deleted_by_accident,
    a_deleted_member_leaves_its_models,
    nothing_is_left_of_a_model,
    a_form_goes_with_its_last_version,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_what_hangs_on_a_version(driver: Driver, scenario: Callable[[Driver], None]) -> None:
    """On both servers."""
    scenario(driver)


MUTANTS = [
    Mutant(
        "a member is deleted without force",
        'if d.linked ~= "" and not d.force then',
        "if false then",
        a_member_is_not_deleted_by_accident,
    ),
    Mutant(
        "a deleted version stays a member",
        "  Models.forget(call, d)\n",
        "",
        a_deleted_member_leaves_its_models,
    ),
    Mutant(
        "what hung on a model's version stays",
        'ipairs(model and { "members:", "linked:", "modelruns:" } or {})',
        "ipairs({})",
        nothing_is_left_of_a_model,
    ),
    Mutant(
        "a form is kept for ever",
        'if redis.call("HINCRBY", call:key("forms:users"), values[3], -1) == 0 then',
        "if false then",
        a_form_goes_with_its_last_version,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_switched_off_defence_is_noticed(mutant: Mutant) -> None:
    """The scenario fails on the mutant."""
    check_mutant(mutant)
