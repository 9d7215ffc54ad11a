"""A pipeline refers to artifacts; a step receives what the references then are."""

from typing import Literal

import pytest

from raincheck import Client, external_artifact, lt, pipeline, save_artifact, step
from raincheck_contracts.errors import StepFailedError


@step
def give(value: float) -> float:
    """Returns what it received."""
    return value


@step
def give_both(first: float, second: float) -> list[float]:
    """Returns what it received."""
    return [first, second]


@step
def total(values: list[float]) -> float:
    """Takes the value itself, however it was handed over."""
    return sum(values)


@pipeline
def newest() -> float:
    """Without a selector: the newest version."""
    return give(Client().get_artifact_version("model"))


@pipeline
def pinned_and_newest() -> list[float]:
    """A fixed version beside the newest."""
    client = Client()
    return give_both(
        client.get_artifact_version("model", version=1), client.get_artifact_version("model")
    )


@pipeline
def error_of_newest() -> float:
    """A metric instead of the model; both spellings mean the same."""
    return give(Client().get_artifact_version("model").run_metadata["MSE"].value)


@pipeline
def best(mode: Literal["min", "max"]) -> float:
    """The version with the least or greatest metric."""
    return give(Client().get_artifact_version("model", best="MSE", mode=mode))


@pipeline
def in_production() -> float:
    """The version that an alias names."""
    return give(Client().get_artifact_version("model", alias="production"))


@pipeline
def good_enough() -> float:
    """The newest version whose metadata satisfies a condition."""
    return give(Client().get_artifact_version("model", where={"MSE": lt(0.2)}))


@pipeline
def add_up(values: list[float]) -> float:
    """A large value is stored once, and the payload only refers to it."""
    return total(external_artifact(value=values))


def _publish() -> None:
    for value, error in ((1.0, 0.3), (2.0, 0.1), (3.0, 0.2)):
        save_artifact(value, "model", metadata={"MSE": error})


def test_a_reference_may_be_made_before_there_is_anything() -> None:
    """What is compiled is plain data: a name and how to choose, no value."""
    (step_spec,) = newest.compile().spec.steps
    assert '"artifact":"model"' in step_spec.canonical_json()
    with pytest.raises(StepFailedError, match="artifact 'model' has no versions yet"):
        newest()
    _publish()
    assert newest() == 3.0


def test_a_fixed_version_stays_and_the_newest_moves() -> None:
    """The same pipeline gives something else after a publication."""
    _publish()
    assert pinned_and_newest() == [1.0, 3.0]
    save_artifact(4.0, "model")
    assert pinned_and_newest() == [1.0, 4.0]


def test_a_reference_can_point_into_the_metadata() -> None:
    """The step receives the number, and no model is loaded."""
    _publish()
    assert error_of_newest() == 0.2


def test_the_best_version_is_chosen_by_a_metric() -> None:
    """The mode must be said: a metric may be a gain or a loss."""
    _publish()
    assert best("min") == 2.0
    assert best("max") == 1.0


def test_an_alias_is_moved_by_hand() -> None:
    """A promotion changes what later runs receive."""
    _publish()
    Client().set_alias("model", "production", version=2)
    assert in_production() == 2.0
    Client().set_alias("model", "production", version=3)
    assert in_production() == 3.0


def test_a_condition_chooses_the_newest_that_satisfies_it() -> None:
    """0.2 is not less than 0.2."""
    _publish()
    assert good_enough() == 2.0


def test_a_value_can_be_handed_over_as_an_artifact() -> None:
    """Equal values are one version, however often they are handed over."""
    assert add_up([1.0, 2.0]) == 3.0
    assert add_up([1.0, 2.0]) == 3.0
    assert len(list(Client().list_artifact_versions("external"))) == 1
