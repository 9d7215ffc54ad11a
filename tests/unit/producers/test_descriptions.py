"""Steps in words, as monitors show them."""

from raincheck.messaging.descriptions import describe_step
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import DictInput, ListInput, ReferenceInput, StepSpec, ValueInput
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import output_of


def _binding(
    artifact: str, version: str, pointer: str | None = None, value: object = None
) -> Binding:
    return Binding.model_validate(
        {
            "artifact": artifact,
            "version": version,
            "sequence": 1,
            "digest": "b3:" + "0" * 64,
            "type": "builtins.float",
            "media_type": "application/json",
            "size": 3,
            "revision": 9,
            "pointer": pointer,
            "value": value,
        }
    )


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
        "trained_model:latest": _binding("trained_model", "42"),
        "trained_model:latest#/MSE": _binding("trained_model", "42", "/MSE", 0.5),
        "load.output": _binding("frame", "7"),
    }
    assert describe_step(spec, bindings) == (
        "predict(model=trained_model@42, error=trained_model@42#/MSE = 0.5, "
        "data=[frame@7, other.output])"
    )
