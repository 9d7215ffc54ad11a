"""Deletion and pruning by the client, and readers who meet a deleted version."""

from typing import Any

import pytest

from raincheck import Client, Deployment, pipeline, save_artifact, step
from raincheck.queueing.input_answers import input_answers
from raincheck.queueing.results import load_result
from raincheck_contracts.deletions import PruneEntry, Pruning
from raincheck_contracts.errors import (
    ArgumentError,
    ReferenceNotFoundError,
    VersionAliasedError,
    VersionDeletedError,
)
from tests.support.dumps import ask, key
from tests.support.local_execution import LocalWorker

pytestmark = pytest.mark.usefixtures("deployment")


@step
def double(value: float) -> float:
    """Twice as much."""
    return 2 * value


@pipeline
def doubled() -> float:
    """Of the newest model."""
    return double(Client().get_artifact_version("model"))


@step(retries=1)
def stubborn(value: float) -> float:
    """Deletes its own input, fails, and succeeds at the second attempt."""
    client = Client()
    if client.deleted_artifact_version("model", 1) is None:
        client.delete_artifact_version("model", 1)
        raise ValueError("again")
    return value


@pipeline
def stubbornly() -> float:
    """Of the newest model."""
    return stubborn(Client().get_artifact_version("model"))


def _publish(count: int, artifact: str = "model") -> None:
    for value in range(count):
        save_artifact(float(value), artifact)


def _names(entries: tuple[PruneEntry, ...]) -> list[str]:
    return [f"{entry.artifact}@{entry.version}" for entry in entries]


def _why(pruning: Pruning) -> dict[str, str]:
    return dict(zip(_names(pruning.stays), [entry.why for entry in pruning.stays], strict=True))


def test_a_deleted_version_is_told_from_one_that_never_was() -> None:
    """With the date, by whom and why."""
    _publish(2)
    client = Client()
    done = client.delete_artifact_version("model", 1, by="ann", why="wrong data")
    assert (done.version, done.aliases) == ("1", ())
    with pytest.raises(ReferenceNotFoundError, match=r"m.*@1: version 1 was deleted on .* by ann"):
        client.get_artifact_version("model", version=1)
    with pytest.raises(VersionDeletedError, match="by ann: wrong data"):
        client.delete_artifact_version("model", 1)
    stone = client.deleted_artifact_version("model", "1")
    assert stone is not None
    assert str(stone).startswith("model@1 was deleted on ")
    assert client.deleted_artifact_version("model", "2") is None


def test_force_removes_the_aliases() -> None:
    """And without it they are named."""
    _publish(1)
    client = Client()
    client.set_alias("model", "production", 1)
    with pytest.raises(VersionAliasedError, match="production is an alias of model@1"):
        client.delete_artifact_version("model", 1)
    assert client.delete_artifact_version("model", 1, force=True).aliases == ("production",)


def test_pruning_keeps_the_newest_and_what_is_named() -> None:
    """A dry run says the same as what then happens; each version has its reason."""
    _publish(5)
    client = Client()
    client.set_alias("model", "production", 1)
    client.tag("model", "golden", 2)
    rule: dict[str, Any] = {"keep": 2, "keep_tags": ["golden"]}
    planned = client.prune_artifacts("model", dry_run=True, **rule)
    assert _names(planned.goes) == ["model@3"]
    assert _why(planned) == {
        "model@1": "alias production",
        "model@2": "tag golden",
        "model@4": "one of the newest 2",
        "model@5": "one of the newest 2",
    }
    assert len(list(client.list_artifact_versions("model"))) == 5
    told: list[PruneEntry] = []
    done = client.prune_artifacts("model", progress=told.append, **rule)
    assert (done.goes, done.stays, told) == (planned.goes, planned.stays, list(planned.goes))
    assert not done.dry_run
    stone = client.deleted_artifact_version("model", 3)
    assert stone is not None
    assert stone.why == "pruned: not one of the newest 2"
    assert client.prune_artifacts("model", **rule).goes == ()


def test_all_conditions_must_let_it_go(deployment: Deployment) -> None:
    """What is used stays, what is young stays."""
    _publish(1)
    handle = doubled.delay()
    LocalWorker(deployment).work()
    assert handle.run().status == "succeeded"
    _publish(1)
    client = Client()
    assert _names(client.prune_artifacts("model", unused=True, dry_run=True).goes) == ["model@2"]
    assert _why(client.prune_artifacts("model", older_than="1h", unused=True)) == {
        "model@1": "not old enough",
        "model@2": "not old enough",
    }
    assert _names(client.prune_artifacts("model", older_than=0, unused=True).goes) == ["model@2"]


def test_pruning_goes_through_all_artifacts_and_pages() -> None:
    """More versions than one page holds, of several artifacts; others of a like name stay."""
    _publish(230)
    _publish(3, "model2")
    assert len(Client().prune_artifacts("model", keep=1).goes) == 229
    assert _names(Client().prune_artifacts(keep=2).goes) == ["model2@1"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "no condition is given"),
        ({"keep_tags": ["a"]}, "no condition is given"),
        ({"keep": -1}, "keep=-1"),
        ({"keep": 1, "keep_tags": "a"}, "is one text"),
        ({"older_than": "soon"}, "older_than"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: dict[str, Any], message: str) -> None:
    """Before anything is read."""
    with pytest.raises(ArgumentError, match=message):
        Client().prune_artifacts(**rule)


def test_the_result_of_a_run_is_read_for_a_day(deployment: Deployment) -> None:
    """Then the error says who deleted it."""
    _publish(2)
    handle = doubled.delay()
    LocalWorker(deployment).work()
    (name,) = handle.run().steps[0].outputs.values()
    artifact, _, version = name.partition("@")
    Client().delete_artifact_version(artifact, version, by="ann")
    assert load_result(deployment, handle.run()) == 2.0
    ask(deployment.index, "DEL", key(deployment.index, f"late:{artifact}:{version}"))
    with pytest.raises(VersionDeletedError, match=f"{name} was deleted on .* by ann"):
        load_result(deployment, handle.run())


def test_a_retry_loads_what_the_first_attempt_was_bound_to(deployment: Deployment) -> None:
    """Although a newer version is there, and the bound one is not."""
    save_artifact(1.5, "model")
    handle = stubbornly.delay()
    worker = LocalWorker(deployment)
    worker.work()
    save_artifact(2.5, "model")
    worker.work()
    assert handle.get(timeout=5) == 1.5
    stone = Client().deleted_artifact_version("model", 1)
    assert stone is not None
    assert stone.by == f"stubbornly/{handle.id}/stubborn"


def test_a_version_at_hand_is_loaded_for_a_day(deployment: Deployment) -> None:
    """Whoever found it before its deletion has it for as long as its bytes are there."""
    _publish(1)
    client = Client()
    found = client.get_artifact_version("model", version=1)
    client.delete_artifact_version("model", 1, by="ann")
    assert found.load() == 0.0
    ask(deployment.index, "DEL", key(deployment.index, "late:model:1"))
    with pytest.raises(VersionDeletedError, match=r"model@1 was deleted on .* by ann"):
        found.load()


def test_inputs_that_were_deleted_since_say_so(deployment: Deployment) -> None:
    """Of the versions that a step had bound."""
    _publish(2)
    handle = doubled.delay()
    LocalWorker(deployment).work()
    Client().delete_artifact_version("model", 2, by="ann")
    (answer,) = input_answers(deployment, handle.id, None)
    assert answer.versions == ("model@2",)
    assert answer.now == ("model@1",)
    (deleted,) = answer.deleted
    assert deleted.startswith("model@2 was deleted on ")


def test_lineage_shows_a_deleted_version_as_such(deployment: Deployment) -> None:
    """As an input of what is there, and as the one that is asked for."""
    _publish(1)
    handle = doubled.delay()
    LocalWorker(deployment).work()
    (name,) = handle.run().steps[0].outputs.values()
    client = Client()
    client.delete_artifact_version("model", 1, by="ann")
    up = client.lineage(name)
    (deleted,) = [one for one in up.versions if one.name == "model@1"]
    assert deleted.deleted_at is not None
    assert deleted.deleted_by == "ann"
    assert deleted.digest is not None
    down = client.lineage("model@1")
    assert [one.name for one in down.versions] == ["model@1", name]
    with pytest.raises(ReferenceNotFoundError):
        client.lineage("model@2")
