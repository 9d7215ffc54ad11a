"""Pipelines that the functional tests run in real workers.

Steps tell the test what they do by lines in a file, and wait for it by a file that it makes.
Nothing but Raincheck is imported here: what a worker imports itself is looked at.
"""

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

from raincheck import (
    Client,
    get_step_context,
    load_artifact,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)


def note(log: str, line: str) -> int:
    """Add a line to a file in one write; the number of lines now."""
    with Path(log).open("a") as file:
        file.write(f"{line}\n")
    return len(Path(log).read_text().splitlines())


def wait_for(gate: str, seconds: float = 30.0) -> None:
    """Wait until the test makes a file."""
    end = time.monotonic() + seconds
    while not Path(gate).exists():
        if time.monotonic() > end:
            raise TimeoutError(gate)
        time.sleep(0.005)


# Values


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@step
def join(
    pinned: float, newest: float, pinned_error: float, newest_error: float
) -> Annotated[list[float], "joined"]:
    """All four, to be looked at."""
    return [pinned, newest, pinned_error, newest_error]


@step
def total(values: list[float]) -> float:
    """The sum."""
    return sum(values)


@step
def length_of(text: str) -> int:
    """Wants a text."""
    return len(text)


@pipeline
def double_newest(name: str) -> float:
    """Twice the newest version of an artifact."""
    return double(Client().get_artifact_version(name))


@pipeline
def double_given(value: float) -> float:
    """Twice a value that is known."""
    return double(value)


@pipeline
def join_two(name: str) -> list[float]:
    """Version 2 and the newest of an artifact, and the error of each."""
    second = Client().get_artifact_version(name, version=2)
    newest = Client().get_artifact_version(name)
    return join(
        pinned=second,
        newest=newest,
        pinned_error=second.run_metadata["MSE"].value,
        newest_error=newest.run_metadata["MSE"].value,
    )


@pipeline
def wait_shortly(name: str, seconds: float) -> list[float]:
    """Refers to two versions that may not come in time."""
    first = Client().get_artifact_version(name, version=1, wait=seconds)
    second = Client().get_artifact_version(f"{name}-other", alias="production", wait=seconds)
    return join(first, second, 0.0, 0.0)


@pipeline
def measure_text(name: str) -> int:
    """The length of the newest version, were it a text."""
    return length_of(Client().get_artifact_version(name))


@pipeline
def add_up(name: str) -> float:
    """The sum of the newest version."""
    return total(Client().get_artifact_version(name))


@pipeline
def read_nested(name: str) -> float:
    """An entry below a metadata key."""
    version = Client().get_artifact_version(name)
    return double(version.run_metadata["scores"]["validation"].value)


@step
def seen(value: dict[str, float], error: float) -> list[object]:
    """What came in, with its type."""
    return [type(value).__name__, value, error]


@pipeline
def read_nightly(name: str) -> list[object]:
    """The newest version that is tagged `nightly`, and its error."""
    version = Client().get_artifact_version(name, tag="nightly")
    return seen(version, version.run_metadata["MSE"].value)


# Chains


@step
def add_one(value: float) -> float:
    """The next."""
    return value + 1


@step
def add_one_elsewhere(value: float) -> float:
    """The next, for a queue of its own."""
    return value + 1


@step(queue="elsewhere")
def on_other_queue(value: float) -> Annotated[str, "place"]:
    """The node that ran it."""
    return f"{os.getppid()} {value}"


@pipeline
def chain_of_ten(start: float) -> float:
    """Ten steps, one after another."""
    value = start
    for _ in range(10):
        value = add_one(value)
    return value


@pipeline
def fan_out(start: float) -> float:
    """One step, five that need it, one that needs those."""
    first = add_one(start)
    return total([double(add_one(first)) for _ in range(5)])


@step
def compare(values: list[float], errors: list[float], newest: float, before: float) -> str:
    """What several versions, their metrics, the newest and the one before it are."""
    return f"{values} {errors} {newest} {before}"


@pipeline(bind="run")
def compare_models(artifact: str) -> str:
    """Lists and single versions of one artifact in one step."""
    client = Client()
    best = client.get_artifact_versions(artifact, take=2, best="MSE", mode="min")
    newest = client.get_artifact_version(artifact)
    before = client.get_artifact_version(artifact, back=1)
    return compare(best, best.run_metadata["MSE"].value, newest, before)


@pipeline
def two_queues(start: float) -> str:
    """The second step has a queue of its own."""
    return on_other_queue(add_one(start))


# Steps that are watched and held


@step
def held(log: str, gate: str, value: float) -> Annotated[float, "held_value"]:
    """Notes its process and the value, then waits for the test."""
    note(log, f"{os.getpid()} {value}")
    wait_for(gate)
    return value


@pipeline
def hold(log: str, gate: str, value: float = 0.0) -> float:
    """A step that runs until the test lets it go."""
    return held(log, gate, value)


@pipeline
def hold_newest(log: str, gate: str, name: str) -> float:
    """As `hold`, with the newest version of an artifact."""
    return held(log, gate, Client().get_artifact_version(name))


@step(cache="1h")
def held_for_all(log: str, gate: str) -> Annotated[float, "held_for_all"]:
    """As `held`, for all who ask for the same."""
    note(log, str(os.getpid()))
    wait_for(gate)
    return 1.0


@pipeline
def hold_for_all(log: str, gate: str) -> float:
    """A cached step and one that needs it."""
    return double(held_for_all(log, gate))


@pipeline
def hold_then_double(log: str, gate: str) -> float:
    """A held step and one that needs it."""
    return double(held(log, gate, 1.0))


@step
def deadly(log: str) -> float:
    """Kills the process that runs it, each time."""
    note(log, str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


@pipeline
def kill_workers(log: str) -> float:
    """A step that no worker survives."""
    return deadly(log)


# Failures


class TooColdError(Exception):
    """An error of the user's own."""


@step(retries=2, retry_delay=0.3)
def flaky(log: str, failures: int) -> int:
    """Raises at the first tries; notes when it was tried."""
    tries = note(log, repr(time.time()))
    save_artifact(tries, "from-a-try", metadata={"tries": tries})
    if tries <= failures:
        raise TooColdError(f"try {tries}")
    return tries


@pipeline
def retry(log: str, failures: int) -> int:
    """A step that is tried three times, and one that needs it."""
    return flaky(log, failures)


@pipeline
def fail_first(log: str) -> float:
    """A step that fails for good, one that needs it, and one that does not."""
    double_given_apart = add_one(1.0)
    tries = flaky(log, 99)
    return total([double(tries), double_given_apart])


@step(timeout=0.5)
def overrun(log: str) -> float:
    """Runs longer than it may."""
    note(log, str(os.getpid()))
    time.sleep(30)
    return 0.0


@pipeline
def run_over(log: str) -> float:
    """A step that is ended by its timeout."""
    return overrun(log)


# Outputs and staged effects


@step
def split(value: float) -> tuple[Annotated[float, "lower"], Annotated[float, "upper"]]:
    """Two named outputs, with metadata for one of them, and a saved artifact."""
    log_metadata({"width": 2.0}, artifact="upper")
    save_artifact([value], "both-at-once", metadata={"from": "split"}, tags=["fresh"])
    return value - 1, value + 1


@step
def nothing(value: float) -> None:
    """No output."""
    assert get_step_context().outputs == (), value


@pipeline
def split_newest(name: str) -> float:
    """Two outputs of one step, made from a version."""
    lower, upper = split(Client().get_artifact_version(name))
    nothing(lower)
    return add_one(upper)


@step
def saves_then_waits(log: str, gate: str, name: str) -> float:
    """Stages a version and metadata of another; both are visible to itself only."""
    save_artifact(5.0, f"{name}-staged")
    log_metadata({"note": "staged"}, artifact=name, version=1)
    note(log, str(load_artifact(f"{name}-staged")))
    wait_for(gate)
    return 1.0


@pipeline
def stage(log: str, gate: str, name: str) -> float:
    """A step whose effects are seen when it has completed."""
    return saves_then_waits(log, gate, name)


@step
def contradict(name: str) -> Annotated[float, "contradiction"]:
    """Logs another value for a key that a version has."""
    log_metadata({"MSE": 999.0}, artifact=name, version=1)
    return 1.0


@pipeline
def contradict_metadata(name: str) -> float:
    """A step that must fail as a whole."""
    return contradict(name)


@step
def size_of(log: str, gate: str, value: Any) -> int:
    """The length of whatever it is given; held by the test."""
    note(log, str(os.getpid()))
    wait_for(gate)
    return len(value)


@pipeline
def hold_size(name: str, log: str, gate: str) -> int:
    """A step that has loaded an artifact, and is held."""
    return size_of(log, gate, Client().get_artifact_version(name))


# For inline runs


@pipeline
def fail_first_of_two(log: str) -> float:
    """The first step fails, one needs it, the last does not."""
    double(flaky(log, 99))
    return add_one(1.0)


@step
def interrupt() -> float:
    """Stands for somebody who presses Control-C."""
    raise KeyboardInterrupt


@pipeline
def interrupt_then_double() -> float:
    """A step that is interrupted, and one that needs it."""
    return double(interrupt())


@step
def held_and_failing(log: str, gate: str) -> float:
    """Waits for the test, then fails."""
    note(log, "begun")
    wait_for(gate)
    raise TooColdError("after it was over")


@pipeline
def hold_then_fail(log: str, gate: str) -> float:
    """A step that fails when nobody wants it any more."""
    return held_and_failing(log, gate)


# Lineage: four pipelines that hang together as a diamond


@step
def diamond_left(source: float, error: float) -> Annotated[float, "diamond-left"]:
    """One side; it also takes metadata of the source."""
    return source + error


@step
def diamond_right(source: float) -> Annotated[float, "diamond-right"]:
    """The other side."""
    return -source


@step
def diamond_tip(left: float, sides: list[float]) -> Annotated[float, "diamond-tip"]:
    """Where both meet."""
    return left + sum(sides)


@step
def diamond_report(tip: float) -> None:
    """Uses a version and makes none."""


@pipeline
def on_the_left() -> None:
    """Binds a version and its metadata."""
    source = Client().get_artifact_version("diamond-source")
    diamond_left(source, source.run_metadata["MSE"])


@pipeline
def on_the_right() -> None:
    """Binds the same version."""
    diamond_right(Client().get_artifact_version("diamond-source"))


@pipeline
def at_the_tip() -> None:
    """Binds what both have made, one of it within a list."""
    left = Client().get_artifact_version("diamond-left")
    diamond_tip(left, [Client().get_artifact_version("diamond-right")])


@pipeline
def reporting() -> None:
    """Binds the tip."""
    diamond_report(Client().get_artifact_version("diamond-tip"))
