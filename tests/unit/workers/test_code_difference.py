import pytest

from raincheck import step
from raincheck_contracts.pipelines import OutputSpec, StepSpec, ValueInput
from raincheck_workers.execution.code_difference import code_difference


@step
def use(value: float, scale: float = 1.0) -> float:
    """Takes one parameter and perhaps another."""
    return value * scale


@step
def broken(value: "Unknown") -> None:  # type: ignore[name-defined]  # noqa: F821 - the point
    """Its annotation cannot be resolved."""


def _spec(*inputs: str, outputs: tuple[str, ...] = ("output",)) -> StepSpec:
    return StepSpec(
        name="use",
        function="models:use",
        inputs={name: ValueInput(value=1) for name in inputs},
        outputs=tuple(OutputSpec(name=name, artifact=name) for name in outputs),
    )


@pytest.mark.parametrize("inputs", [("value",), ("value", "scale")])
def test_code_that_fits_has_no_difference(inputs: tuple[str, ...]) -> None:
    """A parameter with a default may be left out."""
    assert code_difference(_spec(*inputs), use) is None


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (_spec("value", "factor"), "models:use has no parameter 'factor' in this worker"),
        (_spec("scale"), "wants parameter 'value' in this worker, which the run does not give"),
        (_spec("value", outputs=("a", "b")), "returns 'output' in this worker, but the run "),
        (_spec("value", outputs=()), "the run expects nothing"),
    ],
)
def test_other_code_says_what_differs_and_which_side_to_renew(spec: StepSpec, words: str) -> None:
    """Another worker may have the code for which the step was compiled."""
    said = code_difference(spec, use)
    assert said is not None
    assert words in said
    assert "restart the worker with the newer code" in said


def test_code_that_is_not_there_names_the_module_to_add() -> None:
    """As it is written on the command line."""
    said = code_difference(_spec("value"), None)
    assert said is not None
    assert "`raincheck worker models`" in said


def test_code_that_cannot_be_read_is_left_to_the_attempt() -> None:
    """Which records the error."""
    assert code_difference(_spec("value"), broken) is None
