"""What is missing, with the artifacts that a person may have meant."""

from raincheck.deployment import Deployment
from raincheck.near_names import did_you_mean, near_names
from raincheck_contracts.names import MODEL_PREFIX
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import ModelSelector


def missing_words(deployment: Deployment, missing: MissingReference) -> str:
    """The sentence about a missing reference; near names when artifact or model is unknown."""
    reference = parse_reference(missing.reference)
    if missing.reason is MissingReason.MODEL_UNKNOWN:
        selector = reference.selector
        name = reference.artifact.removeprefix(MODEL_PREFIX)
        if isinstance(selector, ModelSelector):
            name = selector.model
        known = deployment.index.models.names()
    elif missing.reason is MissingReason.ARTIFACT_UNKNOWN:
        name, known = reference.artifact, deployment.index.overlay.artifact_names()
    else:
        return str(missing)
    return f"{missing}{did_you_mean(near_names(name, known))}"
