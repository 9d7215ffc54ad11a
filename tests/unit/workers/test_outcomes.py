"""What became of a delivery, in a few words."""

from raincheck_workers.execution.outcomes import Outcome, Result
from tests.support.builders import binding


def test_flower_sees_what_each_reference_became() -> None:
    """A version, or the value of its metadata."""
    outcome = Outcome(
        "predict",
        Result.SUCCEEDED,
        bindings={
            "model:latest": binding("42"),
            "model:latest#/MSE": binding("42", pointer="/MSE", value=0.25),
        },
        outputs={"predictions": "predictions@1"},
    )
    assert outcome.summary() == {
        "step": "predict",
        "state": "succeeded",
        "bound": {"model:latest": "model@42", "model:latest#/MSE": "model@42#/MSE = 0.25"},
        "published": {"predictions": "predictions@1"},
    }


def test_what_is_empty_is_left_out() -> None:
    """A refused hint has a reason and nothing else."""
    outcome = Outcome("predict", Result.REFUSED, "REFUSED step is S")
    assert outcome.summary() == {
        "step": "predict",
        "state": "refused",
        "detail": "REFUSED step is S",
    }
