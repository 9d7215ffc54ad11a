"""Run requests: a worker compiles and submits for those who cannot."""

import pytest

from raincheck import Deployment, RunHandle, pipeline, step
from raincheck_contracts.errors import IdempotencyConflictError, ParameterError
from raincheck_contracts.messages import RunRequest
from raincheck_workers.requested_run import submit_request


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@pipeline
def double_it(value: float) -> float:
    """One step."""
    return double(value)


def _request(deployment: Deployment, **fields: object) -> RunRequest:
    given: dict[str, object] = {
        "namespace": deployment.index.namespace,
        "pipeline": double_it.function_path,
        "parameters": {"value": 2.0},
        **fields,
    }
    return RunRequest.model_validate(given)


def test_a_request_becomes_a_run(deployment: Deployment) -> None:
    """Of the pipeline that it names, with its parameters."""
    run = RunHandle(submit_request(deployment, _request(deployment), "m1"), deployment).run()
    assert (run.pipeline, run.parameters) == ("double_it", {"value": 2.0})


def test_a_repeated_delivery_is_the_same_run(deployment: Deployment) -> None:
    """By the message's id, or by the key of the request, which counts more."""
    plain, keyed = _request(deployment), _request(deployment, idempotency_key="k")
    first = submit_request(deployment, plain, "m1")
    assert submit_request(deployment, plain, "m1") == first
    assert submit_request(deployment, plain, "m2") != first
    second = submit_request(deployment, keyed, "m3")
    assert submit_request(deployment, keyed, "m4") == second
    other = _request(deployment, idempotency_key="k", parameters={"value": 3.0})
    with pytest.raises(IdempotencyConflictError):
        submit_request(deployment, other, "m5")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"pipeline": "os:system"}, "no such pipeline in the modules"),
        ({"namespace": "other"}, "a message for namespace 'other'"),
        ({"parameters": {"wrong": 1}}, "wrong"),
        ({"parameters": {"value": "text"}}, "value"),
    ],
)
def test_a_request_that_cannot_be_met_starts_nothing(
    deployment: Deployment, fields: dict[str, object], problem: str
) -> None:
    """The error says why."""
    with pytest.raises(ParameterError, match=problem):
        submit_request(deployment, _request(deployment, **fields), "m1")
    assert deployment.index.records.run_ids(10) == []
