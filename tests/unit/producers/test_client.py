"""The client: eager outside of a pipeline function, lazy within."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest

from raincheck import Client, Deployment, eq, gt, lt, pipeline, save_artifact, step
from raincheck.authoring import StepContext, step_context
from raincheck.authoring.lazy import LazyArtifactVersion
from raincheck.testing import last_run
from raincheck_contracts.errors import (
    ArgumentError,
    InvalidWriteError,
    MetadataConflictError,
    ReferenceNotFoundError,
)
from raincheck_contracts.events import AliasMoved, MetadataLogged, TagAdded
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import pipeline as built_pipeline
from tests.support.builders import step as built_step
from tests.support.driver import Driver

pytestmark = pytest.mark.usefixtures("deployment")


@pytest.fixture
def models(deployment: Deployment) -> None:
    """Three versions, the second with the least error."""
    assert deployment.index.records.artifact_names() == []
    for value, error in ((1.0, 0.3), (2.0, 0.1), (3.0, 0.2)):
        save_artifact(value, "model", metadata={"MSE": error, "kind": "ridge"})


def _load(**selector: Any) -> object:
    return Client().get_artifact_version("model", **selector).load()


@pytest.mark.usefixtures("models")
def test_a_selector_chooses_the_version() -> None:
    """By name, newest, alias, best, tag, or what its metadata says."""
    client = Client()
    client.set_alias("model", "production", 1)
    client.tag("model", "nightly", 2)
    assert _load() == 3.0
    assert _load(version=1) == 1.0
    assert _load(version="2") == 2.0
    assert _load(alias="production") == 1.0
    assert _load(best="MSE", mode="min") == 2.0
    assert _load(best="MSE", mode="max") == 1.0
    assert _load(tag="nightly") == 2.0
    assert _load(where={"MSE": lt(0.15)}) == 2.0
    assert _load(where={"kind": "ridge", "MSE": gt(0.15)}) == 3.0
    assert _load(where={"kind": eq("ridge")}) == 3.0


@pytest.mark.usefixtures("models")
def test_a_version_before_the_newest_of_another_moment() -> None:
    """So many back, and as it was at a revision or a time."""
    client = Client()
    second = client.get_artifact_version("model", version=2)
    assert _load(back=0) == 3.0
    assert _load(back=2) == 1.0
    assert _load(as_of=second.record.revision) == 2.0
    assert _load(best="MSE", mode="max", as_of=second.record.revision) == 1.0
    before = second.published_at - timedelta(days=1)
    with pytest.raises(ReferenceNotFoundError, match="was that one at that moment"):
        _load(as_of=before)
    with pytest.raises(ReferenceNotFoundError, match="not over yet"):
        _load(as_of=datetime(2100, 1, 1, tzinfo=UTC))


@pytest.mark.usefixtures("models")
def test_several_versions_are_a_list() -> None:
    """Newest first, or the best first; a list of one is a list."""
    client = Client()
    client.tag("model", "good", 1)
    client.tag("model", "good", 3)

    def loaded(**selector: Any) -> list[object]:
        return [item.load() for item in client.get_artifact_versions("model", **selector)]

    assert loaded(take=2) == [3.0, 2.0]
    assert loaded(take="all", tag="good") == [3.0, 1.0]
    assert loaded(take="all", best="MSE", mode="min") == [2.0, 3.0, 1.0]
    assert loaded(take=1, where={"MSE": gt(0.15)}) == [3.0]
    with pytest.raises(ReferenceNotFoundError, match="has that tag yet"):
        loaded(take=2, tag="bad")
    with pytest.raises(ArgumentError, match=r"stands for a list\. Call resolve_list"):
        client.resolve(parse_reference("model?take=2"))


@step
def fit() -> Annotated[float, "model"]:
    """Publishes a model."""
    return 7.0


@pipeline
def train() -> None:
    """Publishes a model by its step."""
    fit()


def test_who_published_it(deployment: Deployment) -> None:
    """The pipeline by name or itself, the run by its id or its handle."""
    train()
    run = last_run(deployment)
    save_artifact(8.0, "model")
    for who in ({"pipeline": "train"}, {"pipeline": train}, {"run": run}, {"run": run.id}):
        assert _load(**who) == 7.0
    with pytest.raises(ReferenceNotFoundError, match="that run has published no version"):
        _load(run="another")


@pytest.mark.usefixtures("models")
def test_a_version_tells_what_it_is() -> None:
    """Name, version, digest, type, metadata, time."""
    version = Client().get_artifact_version("model", version=2)
    assert (version.name, version.version, version.type) == ("model", "2", "builtins.float")
    assert version.digest.startswith("b3:")
    assert version.run_metadata["MSE"].value == 0.1
    assert version.tags == ()
    assert version.published_at.tzinfo is not None


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("name", "selector", "sentence"),
    [
        ("modle", {}, "artifact 'modle' has no versions yet"),
        ("model", {"version": 9}, "'model' has no version '9' yet"),
        ("model", {"alias": "production"}, "'model' has no alias 'production' yet"),
        ("model", {"tag": "nightly"}, "no version of 'model' has that tag yet"),
        ("model", {"best": "RMSE", "mode": "min"}, "no version of 'model' qualifies yet"),
        ("model", {"where": {"MSE": lt(0.05)}}, "no version of 'model' qualifies yet"),
    ],
)
def test_what_is_not_there_has_a_sentence_of_its_own(
    name: str, selector: dict[str, Any], sentence: str
) -> None:
    """Names are exact: no prefix, no near one."""
    with pytest.raises(ReferenceNotFoundError) as caught:
        Client().get_artifact_version(name, **selector)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ({"version": 1, "alias": "a"}, "version and alias are given together"),
        ({"best": "MSE"}, "best= needs mode='min' or mode='max'"),
        ({"mode": "min"}, "mode= needs best="),
        ({"alias": "42"}, "did you mean the version @42"),
        ({"alias": "latest"}, "is no alias"),
        ({"version": "a/b"}, "String should match pattern"),
        ({"where": {}}, "at least 1 item"),
        ({"best": "MSE", "mode": "median"}, "'min' or 'max'"),
        ({"back": -1}, "greater than or equal to 0"),
        ({"as_of": -1}, "neither a revision nor a time with its zone"),
        ({"as_of": datetime(2026, 1, 1)}, "neither a revision nor a time"),  # noqa: DTZ001 - refused
        ({"version": 1, "as_of": 3}, "is the same at all times"),
    ],
)
def test_a_selector_that_cannot_be_meant_is_refused(selector: dict[str, Any], problem: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ArgumentError) as caught:
        Client().get_artifact_version("model", **selector)
    assert problem in str(caught.value)


def test_a_name_that_cannot_be_one_is_refused() -> None:
    """It shows the name and what names are."""
    with pytest.raises(ArgumentError, match=r"'My Model': .*Names are up to 64"):
        Client().get_artifact_version("My Model")


def test_the_versions_of_an_artifact_come_newest_first() -> None:
    """All of them in pages, or the first so many."""
    for number in range(5):
        save_artifact(float(number), "many")
    client = Client()
    assert [item.version for item in client.list_artifact_versions("many")] == list("54321")
    assert [item.version for item in client.list_artifact_versions("many", limit=2)] == ["5", "4"]
    assert list(client.list_artifact_versions("none")) == []
    assert client.list_artifacts() == ["many"]


@pytest.mark.usefixtures("models")
def test_an_alias_can_be_moved_and_only_from_where_it_is_expected() -> None:
    """The compare-and-set of a promotion."""
    client = Client()
    assert client.set_alias("model", "production", 1) == "1"
    assert client.set_alias("model", "production", expected="1") == "3"
    with pytest.raises(InvalidWriteError, match="names 3 now"):
        client.set_alias("model", "production", 2, expected="1")
    assert _load(alias="production") == 3.0
    with pytest.raises(ArgumentError, match="did you mean the version @7"):
        client.set_alias("model", "7")
    with pytest.raises(ReferenceNotFoundError, match="no version model@9"):
        client.set_alias("model", "production", 9)


@pytest.mark.usefixtures("models")
def test_metadata_is_written_once() -> None:
    """The same again is fine, another value is not; nothing of a refused call is kept."""
    client = Client()
    assert client.log_metadata("model", {"note": "good"}, 1) == "1"
    assert client.log_metadata("model", {"note": "good"}, 1) == "1"
    with pytest.raises(MetadataConflictError, match="note"):
        client.log_metadata("model", {"more": 1, "note": "bad"}, 1)
    assert set(client.get_artifact_version("model", 1).run_metadata) == {"MSE", "kind", "note"}
    with pytest.raises(ReferenceNotFoundError):
        client.log_metadata("unknown", {"a": 1})


@pytest.mark.usefixtures("models")
def test_a_tag_is_kept_once() -> None:
    """Twice is fine; one that cannot be is refused."""
    client = Client()
    client.tag("model", "nightly")
    client.tag("model", "nightly")
    assert client.get_artifact_version("model").tags == ("nightly",)
    with pytest.raises(ArgumentError):
        client.tag("model", "not a tag")


_looked_up: list[object] = []


@step
def take(value: float) -> float:
    """Takes a value."""
    return value


@pipeline
def look_up() -> float:
    """Asks for something that does not exist."""
    version = Client().get_artifact_version("nowhere", alias="production", wait="30m")
    _looked_up.append(version)
    return take(version)


def test_within_a_pipeline_function_nothing_is_asked() -> None:
    """The handle stands for what the step will receive."""
    assert look_up.compile().spec.steps[0].inputs["value"].kind == "reference"
    handle = _looked_up.pop()
    assert isinstance(handle, LazyArtifactVersion)
    assert str(handle.reference) == "nowhere:production"
    assert handle.reference.wait == 1_800.0


def test_a_client_can_be_given_its_deployment(deployment: Deployment) -> None:
    """Instead of the one in use."""
    assert Client(deployment).deployment is deployment
    assert Client().deployment is deployment


@pytest.mark.usefixtures("models")
def test_what_a_step_does_at_once_has_its_run_as_cause(deployment: Deployment) -> None:
    """A move of an alias, a tag and a metric are events of that run: loops are noticed."""
    spec = built_pipeline(built_step("s"))
    run = Driver(deployment.index).submit(spec, depth=3)
    client = Client()
    with step_context(StepContext(run, spec.name, "s", 1)):
        client.set_alias("model", "production", 1)
        client.tag("model", "nightly", 2)
        client.log_metadata("model", {"R2": 0.9}, 3)
    client.tag("model", "by-hand", 2)
    causes = [
        (event.data.run, event.data.pipeline, event.data.depth)
        for event in client.events()
        if isinstance(event, AliasMoved | TagAdded | MetadataLogged)
    ]
    assert causes == [(run, "p", 3)] * 3 + [(None, None, 0)]
