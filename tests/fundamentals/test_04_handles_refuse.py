"""In a pipeline function a handle stands for a value that is not there yet."""

from collections.abc import Callable
from typing import Any

import pytest

from raincheck import Client, pipeline, step
from raincheck_contracts.errors import UnresolvedReferenceError

_operations: list[Callable[[Any], object]] = []


@step
def give(value: float) -> float:
    """Returns what it received."""
    return value


@pipeline
def compute_with_a_handle() -> float:
    """Does with a metric what the test says."""
    metric = Client().get_artifact_version("model").run_metadata["MSE"].value
    _operations[0](metric)
    return give(metric)


def _compare(metric: Any) -> object:
    return metric < 0.2


def _equal(metric: Any) -> object:
    return metric == 0.2


def _compute(metric: Any) -> object:
    return metric + 1


def _format(metric: Any) -> object:
    return f"{metric}"


@pytest.mark.parametrize("operation", [_compare, _equal, _compute, _format, bool, float, list])
def test_what_cannot_be_deferred_is_refused(operation: Callable[[Any], object]) -> None:
    """Silence would be a wrong result; the error names the reference and says what to do."""
    _operations[:] = [operation]
    with pytest.raises(UnresolvedReferenceError) as caught:
        compute_with_a_handle.compile()
    assert "model:latest#/MSE is not resolved yet" in str(caught.value)
    assert "Move the expression into a step" in str(caught.value)


def test_looking_at_a_handle_is_allowed() -> None:
    """Debuggers and test runners do it."""
    seen: list[str] = []
    _operations[:] = [lambda metric: seen.append(repr(metric))]
    compute_with_a_handle.compile()
    assert "model:latest#/MSE" in seen[0]
