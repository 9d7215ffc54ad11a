"""Pipelines of `test_torn_bindings.py`; run as a script it publishes until it is killed."""

import itertools
from typing import Annotated

from raincheck import Client, log_metadata, pipeline, step


@step
def publish(counter: int) -> tuple[Annotated[int, "model"], Annotated[int, "sibling"]]:
    """Publish a model with its MSE and a sibling, all equal to one counter."""
    log_metadata({"MSE": counter}, artifact="model")
    return counter, counter


@pipeline
def publishing(counter: int) -> None:
    """One publication."""
    publish(counter)


@step
def consume(model: int, mse: int, sibling: int) -> None:
    """Fail when the three are not one publication's."""
    if not model == mse == sibling:
        raise AssertionError(f"torn: {model} {mse} {sibling}")


@pipeline
def consuming() -> None:
    """The newest of each, as references of one step."""
    model = Client().get_artifact_version("model")
    sibling = Client().get_artifact_version("sibling")
    consume(model, model.run_metadata["MSE"].value, sibling)


@step
def look_up() -> Annotated[list[int], "looked_up"]:
    """The mutant: the binding split into single look-ups, as other tools do it."""
    model = Client().get_artifact_version("model").load()
    mse = Client().get_artifact_version("model").run_metadata["MSE"].value
    sibling = Client().get_artifact_version("sibling").load()
    return [model, mse, sibling]


@pipeline
def looking_up() -> list[int]:
    """The newest of each, one after another."""
    return look_up()


if __name__ == "__main__":
    for number in itertools.count(1):
        publishing(number)
        print(number, flush=True)
