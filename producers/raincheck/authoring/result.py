"""What a pipeline function returned, as an input that is read when the run ends."""

from raincheck.authoring.external import ExternalArtifact
from raincheck.authoring.inputs import InputEncoder, Place
from raincheck_contracts.pipelines import Input, ReferenceInput, inputs_within
from raincheck_contracts.references import Reference

_REMEDY = "Pass it through a step and return its output"


def encode_result(returned: object, place: Place, recorder: object) -> Input | None:
    """Encode the return value of a pipeline function.

    Args:
        returned: None, handles of step outputs, plain JSON, or lists, tuples and dicts
            of these. The call of a step that returns nothing counts as None.
        place: for errors.
        recorder: the compilation whose handles are accepted.

    Raises:
        CompileError: for a reference, an external artifact or anything else.
    """
    if returned is None:
        return None

    def refuse(external: ExternalArtifact) -> Reference:
        raise place.error(f"the pipeline returns {external!r}", _REMEDY)

    encoded = InputEncoder(place, recorder, refuse, nothing_is_none=True).encode(returned)
    for leaf in inputs_within(encoded):
        if isinstance(leaf, ReferenceInput):
            problem = f"the pipeline returns {leaf.reference}, which no step has bound"
            raise place.error(problem, _REMEDY)
    return encoded
