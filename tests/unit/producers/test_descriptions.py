"""Steps in words, as monitors show them."""

from raincheck.messaging.descriptions import describe_step
from raincheck_contracts.pipelines import DictInput, ListInput, ReferenceInput, StepSpec, ValueInput
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import binding, output_of


def test_a_step_in_words_shows_references_and_values() -> None:
    """Flower shows them as the arguments of a task."""
    spec = StepSpec(
        name="predict",
        function="m:predict",
        inputs={
            "model": ReferenceInput(reference=parse_reference("trained_model@42")),
            "data": output_of("load"),
            "rates": ListInput(items=(ValueInput(value=0.5), ValueInput(value="ü"))),
            "named": DictInput(items={"a": ValueInput(value=None)}),
        },
        after=("load",),
    )
    words = describe_step(spec)
    assert words == (
        'predict(model=trained_model@42, data=load.output, rates=[0.5, "ü"], named={a: null})'
    )


def test_a_bound_step_in_words_shows_versions() -> None:
    """What is not bound stays as it was written."""
    spec = StepSpec(
        name="predict",
        function="m:predict",
        inputs={
            "model": ReferenceInput(reference=parse_reference("trained_model:latest")),
            "error": ReferenceInput(reference=parse_reference("trained_model:latest#/MSE")),
            "data": ListInput(items=(output_of("load"), output_of("other"))),
        },
        after=("load", "other"),
    )
    bindings = {
        "trained_model:latest": binding("42", artifact="trained_model"),
        "trained_model:latest#/MSE": binding(
            "42", artifact="trained_model", pointer="/MSE", value=0.5
        ),
        "load.output": binding("7", artifact="frame"),
    }
    assert describe_step(spec, bindings) == (
        "predict(model=trained_model@42, error=trained_model@42#/MSE = 0.5, "
        "data=[frame@7, other.output])"
    )
