"""Models as authors and clients see them."""

from typing import Annotated

import pytest

from raincheck import (
    Client,
    Deployment,
    Model,
    ModelVersion,
    get_pipeline_context,
    get_step_context,
    load_artifact,
    log_model_metadata,
    pipeline,
    save_artifact,
    step,
)
from raincheck.testing import bound_to, last_run, wait_until_waiting
from raincheck.testing.worker import running_worker
from raincheck_contracts.errors import (
    ArgumentError,
    CompileError,
    DefinitionError,
    InvalidWriteError,
    MetadataConflictError,
    NoContextError,
    ReferenceNotFoundError,
    VersionExistsError,
)
from raincheck_contracts.events import AliasRemoved
from raincheck_contracts.models import RunModel
from raincheck_contracts.runs import RunStatus

pytestmark = pytest.mark.usefixtures("deployment")


@step
def fit(alpha: float) -> Annotated[float, "trained_model"]:
    """Train, save another artifact beside, and say how good it is."""
    save_artifact({"mean": alpha}, "scaler")
    log_model_metadata({"accuracy": alpha})
    return alpha


@step
def predict(model: float, accuracy: float) -> Annotated[float, "prediction"]:
    """Use what the model holds."""
    return model + accuracy


@step
def look() -> Annotated[str, "seen"]:
    """The model, as a step sees it."""
    return str(get_step_context().model)


@pipeline(model=Model("churn"))
def train(alpha: float) -> None:
    """Makes a version of the model."""
    fit(alpha)


@pipeline(model=Model("churn", stage="production"))
def score() -> float:
    """Works on the version in production."""
    model = get_pipeline_context().model
    return predict(model.get_artifact("trained_model"), model.run_metadata["accuracy"])


@pipeline(model=Model("churn"))
def twice() -> str:
    """For one test."""
    first = look()
    look.after(first)()
    return first


@pipeline
def use() -> float:
    """For one test."""
    model = Client().get_model_version("churn", stage="production")
    assert model.name == "churn"
    return predict(model.get_artifact("trained_model", wait=1), model.run_metadata["accuracy"])


@pipeline(model=Model("churn"))
def wrong() -> None:
    """For one test."""
    predict(get_pipeline_context().model.get_artifact("trained_model"), 1.0)


@pipeline(model=Model("churn"))
def wrong_metadata() -> None:
    """For one test."""
    predict(1.0, get_pipeline_context().model.run_metadata["accuracy"])


@pipeline
def without() -> None:
    """For one test."""
    predict(get_pipeline_context().model.get_artifact("trained_model"), 1.0)


@pipeline(model=Model("churn", stage="production"))
def many() -> None:
    """For one test."""
    accuracy = get_pipeline_context().model.run_metadata["accuracy"]
    predict(1.0, accuracy)
    predict(2.0, accuracy)


@pipeline(model=Model("churn", stage="production"))
def members() -> None:
    """For one test."""
    model = get_pipeline_context().model.get_artifact("trained_model")
    predict(model, 1.0)
    predict(model, 2.0)


@step
def log() -> None:
    """For one test."""
    log_model_metadata({"a": 1})


@pipeline
def unfounded() -> None:
    """For one test."""
    log()


def _nothing() -> None:
    """No pipeline."""


def _in_production(alpha: float) -> ModelVersion:
    train(alpha)
    made: ModelVersion = Client().get_model_version("churn")
    made.promote("production")
    return made


def test_a_run_makes_a_version_of_its_model() -> None:
    """With all that its steps publish, what they log to it, and the run."""
    train(0.5)
    made = Client().get_model_version("churn")
    assert (made.name, made.version, made.stages) == ("churn", "1", ())
    assert made.run_metadata["accuracy"] == 0.5
    assert made.get_artifact("trained_model").load() == 0.5
    assert made.artifacts["scaler"].load() == {"mean": 0.5}
    assert [str(member) for member in made.members()] == ["trained_model@1", "scaler@1"]
    assert made.runs == (made.run,)
    assert Client().list_models() == ["churn"]
    assert Client().list_artifacts() == ["scaler", "trained_model"]


def test_a_pipeline_uses_its_model() -> None:
    """Artifacts and metadata of the version in the stage, and what it publishes joins them."""
    made = _in_production(0.5)
    train(0.25)
    assert score() == 1.0
    assert sorted(made.artifacts) == ["prediction", "scaler", "trained_model"]


def test_a_step_knows_its_model(deployment: Deployment) -> None:
    """Without a version as long as the run has not made one."""
    assert twice() == "churn"
    seen = Client(deployment).get_artifact_version("seen")
    assert seen.load() == "churn@1"
    assert last_run(deployment).run().model == RunModel(name="churn", version="1")


def test_a_model_is_asked_for_by_reference() -> None:
    """What is linked to a version, whichever way that is named."""
    _in_production(0.5)
    train(0.25)
    client = Client()

    def load(model: Model) -> object:
        return client.get_artifact_version("trained_model", model=model).load()

    assert load(Model("churn")) == 0.25
    assert load(Model("churn", version="latest")) == 0.25
    assert load(Model("churn", version=1)) == 0.5
    assert load(Model("churn", stage="production")) == 0.5
    assert client.get_artifact_version("model/churn", alias="production").version == "1"
    with pytest.raises(ReferenceNotFoundError, match="no version of 'other' is linked to model ve"):
        client.get_artifact_version("other", model=Model("churn", stage="production"))
    with pytest.raises(ReferenceNotFoundError, match="no version of model 'churn' is in stage 'c'"):
        client.get_artifact_version("other", model=Model("churn", stage="c"))
    with pytest.raises(ArgumentError, match="version and model are given together"):
        client.get_artifact_version("other", 3, model=Model("churn"))
    with pytest.raises(ArgumentError, match="no Model"):
        client.get_artifact_version("other", model="churn")  # type: ignore[arg-type]  # the refusal


def test_a_lazy_model_of_another_pipeline() -> None:
    """A pipeline without a model of its own may use one, in stages or by version."""
    _in_production(0.5)

    assert use() == 1.0


def test_what_a_run_is_about_to_make_cannot_be_read() -> None:
    """The step's return value is what is meant."""
    with pytest.raises(CompileError, match="Use the step's return value"):
        wrong.compile()
    with pytest.raises(CompileError, match="makes a new version of model 'churn'"):
        wrong_metadata.compile()
    with pytest.raises(CompileError, match="it has no model"):
        without.compile()
    with pytest.raises(NoContextError, match="only inside a pipeline function"):
        get_pipeline_context()


def test_metadata_of_the_own_model_may_feed_many_steps() -> None:
    """Its version is fixed for the run; what is linked to it may still change."""
    assert many.compile().spec.model == Model("churn", stage="production").choice
    with pytest.raises(CompileError, match="bind="):
        members.compile()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": "Churn"}, "name"),
        ({"name": "model/churn"}, "name"),
        ({"name": "churn", "version": "a b"}, "version"),
        ({"name": "churn", "stage": "7"}, "stage"),
        ({"name": "churn", "version": 1, "stage": "production"}, "together"),
    ],
)
def test_what_cannot_be_a_model(arguments: dict[str, object], problem: str) -> None:
    """Names are those of artifacts, versions and aliases."""
    with pytest.raises(ArgumentError, match=problem):
        Model(**arguments)  # type: ignore[arg-type]  # as parametrized


def test_the_reserved_name_is_no_artifact_s() -> None:
    """Neither saved nor declared."""
    with pytest.raises(ArgumentError, match="cannot be one"):
        save_artifact(1, "model/churn")
    with pytest.raises(DefinitionError, match="model="):
        pipeline(model="churn")(_nothing)  # type: ignore[call-overload]  # the refusal


def test_a_member_is_taken_out() -> None:
    """The next takes its place; the version itself stays."""
    cat = Client().create_model_version("churn", "cat")
    for value in (1.5, 2.5):
        save_artifact(value, "trained_model")
        cat.link("trained_model")
    cat.unlink("trained_model", 2)
    assert cat.get_artifact("trained_model").load() == 1.5
    assert [str(member) for member in cat.members()] == ["trained_model@1"]
    assert load_artifact("trained_model", 2) == 2.5
    with pytest.raises(ReferenceNotFoundError):
        cat.unlink("trained_model", 3)
    with pytest.raises(ArgumentError):
        cat.unlink("Trained Model", 1)


def test_versions_made_by_hand() -> None:
    """Under a name or a number, with metadata and tags; artifacts are linked to them."""
    client = Client()
    cat = client.create_model_version("churn", "cat", metadata={"accuracy": 1}, tags=["first"])
    assert (cat.version, cat.tags, cat.run) == ("cat", ("first",), None)
    assert client.create_model_version("churn").version == "1"
    with pytest.raises(VersionExistsError):
        client.create_model_version("churn", "cat")
    save_artifact(1.5, "trained_model")
    save_artifact(2.5, "trained_model")
    assert cat.link("trained_model") == "2"
    assert cat.link("trained_model", 1) == "1"
    assert cat.get_artifact("trained_model").load() == 2.5
    with pytest.raises(ReferenceNotFoundError):
        cat.link("other")
    cat.log_metadata({"loss": 2})
    with pytest.raises(MetadataConflictError):
        cat.log_metadata({"loss": 3})
    cat.tag("second")
    again = client.get_model_version("churn", "cat")
    assert dict(again.run_metadata) == {"accuracy": 1, "loss": 2}
    assert again.tags == ("first", "second")
    assert again.created_at == cat.created_at
    names = [version.version for version in client.list_model_versions("churn")]
    assert names == ["1", "cat"]


def test_stages_are_entered_and_left() -> None:
    """Only a better version enters; who leaves a stage stands in its history."""
    first = _in_production(0.5)
    train(0.25)
    second = Client().get_model_version("churn")
    assert not second.promote("production", if_better="accuracy", mode="max").moved
    assert second.promote("production", if_better="accuracy", mode="min", why="smaller").moved
    assert (first.stages, second.stages) == ((), ("production",))
    with pytest.raises(InvalidWriteError, match="names 2 now"):
        first.demote("production")
    second.demote("production", why="it was not")
    assert second.stages == ()
    assert [(move.how, move.replaced, move.to) for move in second.history("production")] == [
        ("remove", "2", None),
        ("promote", "1", "2"),
    ]
    assert [move.to for move in first.history("production")] == ["2", "1"]
    with pytest.raises(ReferenceNotFoundError, match="is in stage 'production' now"):
        Client().get_model_version("churn", stage="production")
    events = [event for event in Client().events() if isinstance(event, AliasRemoved)]
    assert [(e.subject, e.data.alias) for e in events] == [("model/churn@2", "production")]


def test_an_alias_of_an_artifact_is_removed_likewise() -> None:
    """It names nothing then; once more is fine."""
    save_artifact(1.5, "trained_model")
    client = Client()
    client.set_alias("trained_model", "best")
    assert client.remove_alias("trained_model", "best", expected=1, why="it is not") == "1"
    assert client.remove_alias("trained_model", "best") is None
    with pytest.raises(ReferenceNotFoundError, match="no alias"):
        client.get_artifact_version("trained_model", alias="best")
    assert client.alias_history("trained_model", "best")[0].why == "it is not"


def test_metadata_of_a_model_needs_one(deployment: Deployment) -> None:
    """In a step of a run that has one."""
    with pytest.raises(NoContextError, match="log_model_metadata"):
        log_model_metadata({"a": 1})

    with pytest.raises(Exception, match="has no model"):
        unfounded()
    assert last_run(deployment).status() is RunStatus.FAILED


def test_a_queued_run_waits_for_the_stage_and_is_woken(deployment: Deployment) -> None:
    """It says what it misses; a worker goes on as soon as a version is put there."""
    with running_worker(deployment):
        run = score.delay()
        assert "model 'churn' has no versions yet" in wait_until_waiting(run)
        train(0.5)
        Client().get_model_version("churn").promote("production")
        assert run.get(timeout=10) == 1.0
    assert run.run().model == RunModel(name="churn", version="1")
    assert bound_to(run, "predict") == {
        "trained_model?model=churn:production": "trained_model@1",
        "model/churn:production#/accuracy": "model/churn@1",
    }
