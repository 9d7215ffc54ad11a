"""What a pipeline function returned, materialized from what its steps published."""

import pytest

from raincheck import Deployment, pipeline, step
from raincheck.queueing.results import load_result
from tests.support.local_execution import LocalWorker


@step
def pair(value: float) -> tuple[float, str]:
    """Two outputs."""
    return value, f"<{value}>"


@step
def maybe(value: float):  # type: ignore[no-untyped-def]  # an undeclared output may be None
    """Nothing for negative values."""
    return None if value < 0 else [value] * 3_000


@pipeline
def shapes(value: float) -> dict[str, object]:
    """A result of several steps, constants, lists and tuples."""
    number, text = pair(value)
    return {"text": text, "nested": [(number, 1), {"deep": number}], "constant": None}


@pipeline
def may_be_none(value: float) -> object:
    """What an undeclared output gives."""
    return maybe(value)


def _result(deployment: Deployment, made: object, value: float) -> object:
    worker = LocalWorker(deployment)
    handle = made.delay(value)  # type: ignore[attr-defined]  # a pipeline of this module
    worker.work()
    return load_result(deployment, handle.run())


def test_a_result_has_the_shape_of_what_was_returned(deployment: Deployment) -> None:
    """Tuples stay tuples, constants are given as they were."""
    assert _result(deployment, shapes, 2.0) == {
        "text": "<2.0>",
        "nested": [(2.0, 1), {"deep": 2.0}],
        "constant": None,
    }


@pytest.mark.parametrize(("value", "result"), [(1.0, [1.0] * 3_000), (-1.0, None)])
def test_an_output_that_was_not_given_is_none(
    deployment: Deployment, value: float, result: object
) -> None:
    """A large one comes out of the blobs."""
    assert _result(deployment, may_be_none, value) == result
