"""What is missing, with the artifacts that a person may have meant."""

from raincheck.deployment import Deployment
from raincheck.near_names import did_you_mean, near_names
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference


def missing_words(deployment: Deployment, missing: MissingReference) -> str:
    """The sentence about a missing reference; near names when its artifact is unknown."""
    if missing.reason is not MissingReason.ARTIFACT_UNKNOWN:
        return str(missing)
    name = parse_reference(missing.reference).artifact
    known = deployment.index.overlay.artifact_names()
    return f"{missing}{did_you_mean(near_names(name, known))}"
