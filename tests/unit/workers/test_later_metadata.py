"""Metadata that an evaluation logs later, and what steps get of it."""

from typing import Any

import numpy as np
import pytest

from raincheck import Client, Deployment, log_metadata, pipeline, save_artifact, step
from raincheck_contracts._base import JsonValue
from raincheck_contracts.events import MetadataLogged
from raincheck_workers.execution.outcomes import Outcome, Result
from tests.support.local_execution import LocalWorker

_VALUES: dict[str, Any] = {
    "whole": 3,
    "huge": 2**80,
    "fraction": 3.0,
    "small": 5e-324,
    "yes": True,
    "nothing": None,
    "text": 'a\n"é\u2028😀',
    "list": [1, 1.0, True, None, "x", []],
    "nested": {"": 1, "a": {"b": [{"c": 0.1}]}, "x/y": {"~": "deep"}},
    "a/b~1 ": -0.0,
}
_seen: list[Any] = []


@step
def evaluate(score: float) -> None:
    """Logs to a version that another pipeline made, twice."""
    log_metadata({"report": {"score": np.float64(score), "n": 2}}, "model", "1")
    log_metadata({"checked": True}, "model", "1")


@step
def look(value: Any) -> None:
    """Keeps what it gets."""
    _seen.append(value)


@pipeline
def evaluation(score: float) -> None:
    """One step."""
    evaluate(score)


@pipeline
def decision() -> None:
    """Waits for one entry."""
    look(Client().get_artifact_version("model", version=1).run_metadata["report"]["score"])


@pipeline
def reading(keys: list[str]) -> None:
    """Reads one entry."""
    found: Any = Client().get_artifact_version("model").run_metadata
    for key in keys:
        found = found[key]
    look(found)


@pytest.fixture
def worker(deployment: Deployment) -> LocalWorker:
    """Executes deliveries here."""
    _seen.clear()
    return LocalWorker(deployment)


def _results(outcomes: list[Outcome]) -> dict[str, Result]:
    return {outcome.step: outcome.result for outcome in outcomes}


@pytest.mark.parametrize("key", _VALUES, ids=repr)
def test_a_value_comes_back_as_it_was_of_the_same_type(worker: LocalWorker, key: str) -> None:
    """To who reads it, and to a step."""
    save_artifact(1.0, "model", metadata=_VALUES)
    read: JsonValue = Client().get_artifact_version("model").run_metadata[key].value
    reading.delay([key])
    assert _results(worker.work()) == {"look": Result.SUCCEEDED}
    for found in (read, *_seen):
        assert repr(found) == repr(_VALUES[key])


def test_keys_with_slashes_and_tildes_are_found(worker: LocalWorker) -> None:
    """At the top and below."""
    save_artifact(1.0, "model", metadata=_VALUES)
    reading.delay(["nested", "x/y", "~"])
    assert _results(worker.work()) == {"look": Result.SUCCEEDED}
    assert _seen == ["deep"]


def test_an_evaluation_wakes_who_waits_for_its_entry(worker: LocalWorker) -> None:
    """Each entry is an event; what was there before is none, and does not wake."""
    save_artifact(1.0, "model", metadata={"rows": 5})
    decision.delay()
    assert _results(worker.work()) == {"look": Result.PARKED}
    log_metadata({"rows": 5, "other": 1}, "model", 1)
    assert worker.work() == []
    evaluation.delay(0.25)
    assert _results(worker.work()) == {"evaluate": Result.SUCCEEDED, "look": Result.SUCCEEDED}
    assert _seen == [0.25]
    events = worker.deployment.index.events.read(after="0-0")
    logged = [event.data for event in events if isinstance(event, MetadataLogged)]
    assert [(entry.version, entry.key) for entry in logged] == [
        ("1", "other"),
        ("1", "report"),
        ("1", "checked"),
    ]


def test_an_entry_with_another_value_fails_the_evaluation(worker: LocalWorker) -> None:
    """The same value again succeeds; of another nothing is written."""
    save_artifact(1.0, "model")
    for score in (0.25, 0.25, 0.5):
        evaluation.delay(score)
    results = [outcome.result for outcome in worker.work()]
    assert results == [Result.SUCCEEDED, Result.SUCCEEDED, Result.FAILED]
    report: Any = Client().get_artifact_version("model").run_metadata["report"].value
    assert report == {"score": 0.25, "n": 2}
