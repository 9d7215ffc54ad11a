"""Column contracts around a step: nothing bad goes out, nothing bad comes in."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pandera.pandas as pa
import pytest

from raincheck import Client, Deployment, load_artifact, pipeline, save_artifact, step
from raincheck_contracts.errors import (
    ArgumentError,
    ColumnContractError,
    CompileError,
    ReferenceNotFoundError,
)
from raincheck_contracts.runs import ErrorInfo, StepState
from raincheck_workers.execution.outcomes import Outcome, Result
from tests.support.deployments import sent
from tests.support.local_execution import LocalWorker

SALES = pa.DataFrameSchema(
    {"amount": pa.Column(int, pa.Check.ge(0)), "shop": pa.Column(str)}, strict=True
)
SCORES = pa.SeriesSchema(float, pa.Check.in_range(0, 1))
GOOD = {"amount": [1, 2], "shop": ["a", "b"]}

_called: list[int] = []


@step(retries=3)
def collect(
    amount: list[int],
) -> tuple[Annotated[int, "rows"], Annotated[pd.DataFrame, "sales", SALES]]:
    """Two outputs, the second with a contract."""
    return len(amount), pd.DataFrame({"amount": amount, "shop": "a"})


@step
def keep(amount: int) -> None:
    """Saves beside its outputs."""
    frame = pd.DataFrame({"amount": [0], "shop": ["a"]})
    save_artifact(frame, "kept", schema=SALES)
    frame.loc[0, "amount"] = amount  # what is published is what is checked


@step(retries=3)
def total(data: Annotated[pd.DataFrame, SALES]) -> int:
    """One input with a contract."""
    _called.append(len(data))
    return sum(data["amount"])


@step
def totals(data: list[Annotated[pd.DataFrame, SALES]]) -> int:
    """A list of them."""
    _called.append(len(data))
    return sum(sum(each["amount"]) for each in data)


@step
def mean(scores: Annotated[pd.Series | None, SCORES] = None) -> float:
    """A series, or nothing."""
    return 0.0 if scores is None else float(scores.mean())


@pipeline
def collecting(amount: list[int]) -> None:
    """One step."""
    collect(amount)


@pipeline
def keeping(amount: int) -> None:
    """One step."""
    keep(amount)


@pipeline
def totalling() -> int:
    """One step with a reference."""
    return total(Client().get_artifact_version("sales"))


@pipeline
def totalling_all() -> int:
    """One step with a list of versions."""
    return totals(Client().get_artifact_versions("sales", take=2))


@pipeline
def averaging(given: bool) -> float:  # noqa: FBT001 - one of two ways
    """One step with a series."""
    return mean(Client().get_artifact_version("scores")) if given else mean(None)


@pipeline
def totalling_a_number() -> int:
    """A literal where a frame is wanted."""
    five: Any = 5
    return total(five)


@pytest.fixture
def worker(deployment: Deployment) -> LocalWorker:
    """Executes deliveries here."""
    _called.clear()
    return LocalWorker(deployment)


def _outcome(worker: LocalWorker) -> Outcome:
    (task,) = sent(worker.deployment)
    return worker.execute(task)


def _files(worker: LocalWorker) -> list[Path]:
    return [path for path in worker.deployment.settings.home.rglob("*") if path.is_file()]


def _error(outcome: Outcome) -> ErrorInfo:
    assert outcome.result is Result.FAILED
    assert outcome.error is not None
    assert outcome.error.type == "raincheck_contracts.errors.columns.ColumnContractError"
    assert not outcome.error.retryable
    return outcome.error


def test_an_output_that_breaks_its_contract_fails_the_step(worker: LocalWorker) -> None:
    """At once, tries left or not; nothing is published and no bytes are written."""
    run = collecting.delay([1, -2])
    error = _error(_outcome(worker))
    assert error.message.startswith(
        "sales does not keep its column contract: column 'amount': "
        "greater_than_or_equal_to(0) fails in 1 row, found -2"
    )
    stored = worker.deployment.index.records.stored_run(run.id)
    assert stored.state("collect") is StepState.FAILED
    for name in ("rows", "sales"):
        with pytest.raises(ReferenceNotFoundError):
            load_artifact(name)
    assert _files(worker) == []


def test_an_output_that_keeps_its_contract_is_published(worker: LocalWorker) -> None:
    """As it was returned."""
    collecting.delay([1, 2])
    assert _outcome(worker).result is Result.SUCCEEDED
    published: Any = load_artifact("sales")
    pd.testing.assert_frame_equal(pd.DataFrame({"amount": [1, 2], "shop": "a"}), published)


def test_an_artifact_saved_in_a_step_is_checked_as_it_is_published(worker: LocalWorker) -> None:
    """A frame that was changed since it was saved, as well."""
    keeping.delay(-5)
    assert "kept does not keep" in _error(_outcome(worker)).message
    keeping.delay(5)
    assert _outcome(worker).result is Result.SUCCEEDED


def test_an_artifact_saved_by_hand_is_checked(deployment: Deployment) -> None:
    """Nothing is published; a schema that is none is told from a frame that fails."""
    with pytest.raises(ColumnContractError, match="column 'amount': dtype int64, found float64"):
        save_artifact(pd.DataFrame(GOOD | {"amount": 0.5}), "sales", schema=SALES)
    for schema, problem in (("x", "schema=builtins.str is no"), (SCORES, "is for a pandas.Series")):
        with pytest.raises(ArgumentError, match=problem):
            save_artifact(pd.DataFrame(GOOD), "sales", schema=schema)
    with pytest.raises(ReferenceNotFoundError):
        load_artifact("sales")
    save_artifact(pd.DataFrame(GOOD), "sales", schema=SALES)
    assert deployment.index.records is not None


def test_recorded_columns_are_checked_before_bytes_are_read(worker: LocalWorker) -> None:
    """The bytes need not even be there."""
    save_artifact(pd.DataFrame(GOOD | {"amount": [0.5] * 2} | {"more": "x" * 9_000}), "sales")
    blobs = _files(worker)
    for blob in blobs:
        blob.unlink()
    totalling.delay()
    message = _error(_outcome(worker)).message
    assert "parameter 'data': sales:latest (= sales@1) does not keep" in message
    assert "column 'amount': dtype int64, found float64" in message
    assert "column 'more': not in the contract" in message
    assert blobs


@pytest.mark.parametrize("queued", [totalling, totalling_all], ids=["one", "list"])
def test_values_are_checked_before_the_step_is_called(worker: LocalWorker, queued: object) -> None:
    """Of a list each."""
    save_artifact(pd.DataFrame(GOOD | {"amount": [1, -2]}), "sales")
    save_artifact(pd.DataFrame(GOOD if queued is totalling_all else GOOD | {"amount": -1}), "sales")
    queued.delay()  # type: ignore[attr-defined]  # a pipeline
    assert "greater_than_or_equal_to(0) fails in" in _error(_outcome(worker)).message
    assert _called == []


@pytest.mark.parametrize("given", [True, False])
def test_a_series_and_nothing_keep_their_contract(worker: LocalWorker, given: bool) -> None:  # noqa: FBT001
    """A contract of a union is one of the frames in it."""
    save_artifact(pd.Series([0.5, 1.0]), "scores")
    averaging.delay(given)
    assert _outcome(worker).result is Result.SUCCEEDED


def test_a_literal_is_no_frame(deployment: Deployment) -> None:
    """It is refused as without the contract."""
    with pytest.raises(CompileError, match="parameter 'data': Input should be an instance of"):
        totalling_a_number.delay()
    assert sent(deployment) == []


def test_inputs_that_keep_their_contract_are_handed_over(worker: LocalWorker) -> None:
    """One, and several."""
    save_artifact(pd.DataFrame(GOOD), "sales")
    save_artifact(pd.DataFrame(GOOD), "sales")
    totalling.delay()
    totalling_all.delay()
    assert [outcome.result for outcome in worker.work()] == [Result.SUCCEEDED] * 2
    assert _called == [2, 2]
