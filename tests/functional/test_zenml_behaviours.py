"""What ZenML's own tests are about, case by case, as it is here; see docs/from-zenml.md.

Each test is named after the behaviour. Where ours differs, its docstring says how.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from raincheck import (
    Client,
    Model,
    RunStatus,
    external_artifact,
    get_pipeline_context,
    load_artifact,
    log_metadata,
    log_model_metadata,
    pipeline,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.testing.worker import running_worker
from raincheck_contracts.errors import (
    ReferenceNotFoundError,
    StepFailedError,
    VersionExistsError,
    VersionNameError,
)
from tests.support.waiting import wait_until
from tests.support.workers import running_fleet

pytestmark = [pytest.mark.functional, pytest.mark.usefixtures("own_worker")]


@pytest.fixture
def own_worker(valkey_url: str) -> Generator[None]:
    """An empty deployment on a real server, with a worker in a thread."""
    with (
        running_fleet(valkey_url) as fleet,
        use_deployment(fleet.deployment),
        running_worker(fleet.deployment),
    ):
        yield


@step
def train(label: int) -> Annotated[DummyClassifier, "trained_model"]:
    """A model that says one label, with its error."""
    log_metadata({"MSE": label / 10})
    return DummyClassifier(strategy="constant", constant=label).fit([[0.0]], [label])


@pipeline
def training(label: int) -> None:
    """One version of the model."""
    train(label)


@step
def load_data() -> pd.DataFrame:
    """Something to predict on."""
    return pd.DataFrame({"x": [1.0, 2.0]})


@step
def predict(model: DummyClassifier, error: float, data: pd.DataFrame) -> list[float]:
    """The first prediction, and the error that came with the model."""
    return [float(model.predict(data)[0]), error]


@pipeline
def do_predictions() -> list[float]:
    """The newest model with its metric, whatever they are when the step starts."""
    model = Client().get_artifact_version("trained_model")
    return predict(model, model.run_metadata["MSE"].value, load_data())


@pipeline
def predict_in_production() -> list[float]:
    """The model of a stage, which here is an alias."""
    model = Client().get_artifact_version("trained_model", alias="production")
    return predict(model, model.run_metadata["MSE"].value, load_data())


def test_refer_to_an_artifact_and_its_metadata_before_they_exist() -> None:
    """There, a step that starts before the artifact exists fails; here it waits."""
    waiting = do_predictions.delay()
    wait_until(lambda: waiting.status() is RunStatus.WAITING, 10)
    training(3)
    assert waiting.get(timeout=30) == [3.0, 0.3]


def test_refer_to_a_stage_that_nothing_was_promoted_to() -> None:
    """There, an error of the client; here the step waits for the promotion."""
    training(3)
    training(4)
    waiting = predict_in_production.delay()
    wait_until(lambda: waiting.status() is RunStatus.WAITING, 10)
    assert "no alias 'production'" in waiting.why()
    Client().promote("trained_model", "1", alias="production")
    assert waiting.get(timeout=30) == [3.0, 0.3]


def test_what_is_not_there_is_an_error_where_nothing_can_be_deferred() -> None:
    """Outside pipelines, and in a run that is called and not queued, as there."""
    with pytest.raises(ReferenceNotFoundError):
        Client().get_artifact_version("trained_model")
    with pytest.raises(StepFailedError, match="'trained_model' has no versions yet"):
        do_predictions()


def test_save_and_load_by_version_outside_a_run() -> None:
    """The newest without a version; a version by its name."""
    save_artifact(42, "meaning_of_life")
    assert load_artifact("meaning_of_life") == 42
    save_artifact(43, "meaning_of_life")
    assert load_artifact("meaning_of_life") == 43
    assert load_artifact("meaning_of_life", version="1") == 42
    save_artifact(44, "meaning_of_life", version="44")
    assert load_artifact("meaning_of_life") == 44
    assert load_artifact("meaning_of_life", version="44") == 44


@step
def save(value: int, version: str | None = None) -> None:
    """Save by hand within a step."""
    save_artifact(value, "meaning_of_life", version)


@step
def load(version: str | None = None) -> int:
    """Load by hand within a step."""
    value = load_artifact("meaning_of_life", version)
    assert isinstance(value, int)
    return value


@pipeline
def save_and_load(value: int, saved: str | None = None, loaded: str | None = None) -> int:
    """One step saves, the next loads."""
    return load.after(save(value, saved))(loaded)


def test_save_and_load_by_version_inside_a_run() -> None:
    """What a step saves is published when it has succeeded: the next step finds it."""
    assert save_and_load(42) == 42
    assert save_and_load(43) == 43
    assert save_and_load(44, "44", "2") == 43
    assert load_artifact("meaning_of_life", "44") == 44


def test_sixty_parallel_saves_number_without_gaps_or_doubles() -> None:
    """There, a save that lost the race tries again, with pauses; here the index counts."""
    with ThreadPoolExecutor(20) as pool:
        for number in range(60):
            pool.submit(save_artifact, number, "meaning_of_life")
    versions = list(Client().list_artifact_versions("meaning_of_life"))
    assert {version.version for version in versions} == {str(n) for n in range(1, 61)}
    assert {version.load() for version in versions} == set(range(60))


def test_versions_1_cat_2_10_11_and_no_duplicates() -> None:
    """Names beside numbers; a number may skip some, which then have passed."""
    names = [None, "cat", None, "10", None]
    saved = [save_artifact(place, "animal", name).version for place, name in enumerate(names)]
    assert saved == ["1", "cat", "2", "10", "11"]
    for name in ("1", "cat", "10"):
        with pytest.raises(VersionExistsError, match=f"animal@{name} exists already"):
            save_artifact(0, "animal", name)
    with pytest.raises(VersionNameError, match="next is 12"):
        save_artifact(0, "animal", "5")
    assert load_artifact("animal") == 4


@step
def register(folder: str) -> None:
    """Publish a folder, and a file in it, that something else has written."""
    written = Path(folder) / "written"
    written.mkdir()
    (written / "text.txt").write_text("test")
    save_artifact(written, "test_folder")
    save_artifact(written / "text.txt", "test_file")


@step
def read_registered(folder: Path, file: Path) -> list[str]:
    """Each is a path of the step's own."""
    return [(folder / "text.txt").read_text(), file.read_text()]


@pipeline
def register_and_consume(folder: str) -> list[str]:
    """Names that a step gives at run time can be referred to by a later one."""
    client = Client()
    kept = [client.get_artifact_version(name) for name in ("test_folder", "test_file")]
    return read_registered.after(register(folder))(*kept)


def test_register_in_one_step_and_consume_in_the_next(tmp_path: Path) -> None:
    """There, the path is linked; here its bytes are kept, so that nobody can change them."""
    assert register_and_consume.delay(str(tmp_path)).get(timeout=30) == ["test", "test"]
    (tmp_path / "written" / "text.txt").write_text("changed")
    folder = load_artifact("test_folder")
    assert isinstance(folder, Path)
    assert (folder / "text.txt").read_text() == "test"


@step
def double(value: int) -> int:
    """Twice what it takes."""
    return 2 * value


@pipeline
def by_value(value: int) -> int:
    """An external artifact by value."""
    return double(external_artifact(value=value))


@pipeline
def by_name() -> int:
    """The newest version of a name."""
    return double(Client().get_artifact_version("outside"))


@pipeline
def by_version(version: str) -> int:
    """One version of a name."""
    return double(Client().get_artifact_version("outside", version=version))


def test_an_external_artifact_by_value_by_name_and_by_version() -> None:
    """There, name and version are of `ExternalArtifact`; here of `get_artifact_version`."""
    assert by_value(21) == 42
    assert by_value(21) == 42
    assert len(list(Client().list_artifact_versions("external"))) == 1, "kept once, by digest"
    save_artifact(1, "outside")
    save_artifact(2, "outside", "two")
    assert by_name() == 4
    assert by_version("1") == 2
    assert by_version("two") == 4


@step(cache=True)
def produce() -> Annotated[int, "trackable"]:
    """Computed once."""
    return 42


@step
def count_up(value: int) -> int:
    """Not cached."""
    return value + 1


@pipeline(model=Model("foo"))
def cacheable() -> int:
    """The first step is cached, the second always runs."""
    return count_up(produce())


def test_cached_runs_keep_the_original_producer() -> None:
    """No new version; the model of each run has it among its artifacts."""
    first, second = cacheable.delay(), cacheable.delay()
    assert first.get(timeout=30) == second.get(timeout=30) == 43
    (version,) = Client().list_artifact_versions("trackable")
    origins = {run.id: run.run().steps[0].cached_from for run in (first, second)}
    producer = version.record.record.run
    assert origins[producer or ""] is None
    (other,) = origins.keys() - {producer}
    assert origins[other] == f"{producer}/produce"
    for model in Client().list_model_versions("foo"):
        assert model.get_artifact("trackable").version == "1"


def test_stage_promotion() -> None:
    """There, `force` is needed to replace a version, which is archived; here history has it."""
    client = Client()
    for _ in range(2):
        client.create_model_version("churn")
    first, second = (client.get_model_version("churn", version) for version in "12")
    assert first.promote("staging").moved
    assert first.promote("production").moved
    assert first.stages == ("production", "staging")
    assert second.promote("production").replaced == "1"
    assert client.get_model_version("churn", stage="production").version == "2"
    assert first.stages == ("staging",)
    assert [move.to for move in first.history("production")] == ["2", "1"]
    first.demote("staging")
    with pytest.raises(ReferenceNotFoundError, match="staging"):
        client.get_model_version("churn", stage="staging")
    assert client.get_model_version("churn").version == "2"


@pipeline(model=Model("churn", stage="production"))
def predict_with_the_model() -> list[float]:
    """What is linked to the version in production, and what was logged with it."""
    model = get_pipeline_context().model
    return predict(model.get_artifact("trained_model"), model.run_metadata["error"], load_data())


@step
def train_for_the_model(label: int) -> Annotated[DummyClassifier, "trained_model"]:
    """As `train`, with its error at the model."""
    log_model_metadata({"error": label / 10})
    return DummyClassifier(strategy="constant", constant=label).fit([[0.0]], [label])


@pipeline(model=Model("churn"))
def training_for_the_model(label: int) -> None:
    """One version of the model for each run."""
    train_for_the_model(label)


def test_refer_to_a_model_before_it_exists() -> None:
    """Its artifacts and metadata are those of the version in production when the step starts."""
    waiting = predict_with_the_model.delay()
    wait_until(lambda: waiting.status() is RunStatus.WAITING, 10)
    training_for_the_model(3)
    training_for_the_model(4)
    Client().get_model_version("churn", "1").promote("production")
    assert waiting.get(timeout=30) == [3.0, 0.3]
    Client().get_model_version("churn", "2").promote("production")
    assert predict_with_the_model.delay().get(timeout=30) == [4.0, 0.4]


@step
def produce_shared() -> Annotated[int, "shared"]:
    """An output, after a version that was saved by hand under another name."""
    save_artifact(41, "by_hand")
    return 42


@step
def consume(value: int) -> int:
    """Takes an input."""
    return value


@step
def load_by_hand() -> int:
    """Takes no input, and loads what it wants."""
    value = load_artifact("by_hand", 1)
    assert isinstance(value, int)
    return value


@pipeline
def all_kinds() -> None:
    """An input of each kind."""
    made = produce_shared()
    consume(made)
    consume(external_artifact(value=42))
    late = Client().get_artifact_version("by_hand", version=1)
    load_by_hand.after(consume.after(made)(late))()


def test_the_kind_of_each_input_is_recorded() -> None:
    """Also of what a step loads by itself, which there is an input and here is not bound."""
    run = all_kinds.delay()
    run.get(timeout=30)
    answers = {answer.step: (answer.kind, answer.versions) for answer in run.inputs()}
    (external,) = Client().list_artifact_versions("external")
    assert answers == {
        "consume": ("output", ("shared@1",)),
        "consume_2": ("external", (f"external@{external.version}",)),
        "consume_3": ("reference", ("by_hand@1",)),
    }
    lineage = Client().lineage("by_hand", 1, direction="down")
    used = [edge for edge in lineage.edges if edge.kind != "produced"]
    assert {(edge.step.split("/")[1].split("@")[0], edge.kind) for edge in used} == {
        ("consume_3", "bound"),
        ("load_by_hand", "loaded"),
    }


def test_prune_variants() -> None:
    """There, what no run refers to goes, files or records or both; here a rule says what may go."""
    client = Client()
    for number in range(5):
        save_artifact(number, "outside")
    assert by_version("2") == 2
    client.set_alias("outside", "production", version="1")
    looked = client.prune_artifacts("outside", unused=True, dry_run=True)
    assert [entry.version for entry in looked.goes] == ["3", "4", "5"]
    assert len(list(client.list_artifact_versions("outside"))) == 5
    done = client.prune_artifacts("outside", unused=True, keep=1)
    assert [entry.version for entry in done.goes] == ["3", "4"]
    assert {entry.version: entry.why for entry in done.stays} == {
        "1": "alias production",
        "2": "used",
        "5": "one of the newest 1",
    }
    with pytest.raises(ReferenceNotFoundError, match="version 3 was deleted"):
        client.get_artifact_version("outside", version="3")
    assert save_artifact(0, "outside").version == "6"
