"""What is missing, with the artifacts that a person may have meant."""

import difflib

from raincheck.deployment import Deployment
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference


def did_you_mean(deployment: Deployment, missing: MissingReference) -> str:
    """The sentence about a missing reference; near names when its artifact is unknown."""
    if missing.reason is not MissingReason.ARTIFACT_UNKNOWN:
        return str(missing)
    name = parse_reference(missing.reference).artifact
    known = deployment.index.records.artifact_names()
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.8)
    return f"{missing}; did you mean {' or '.join(near)}?" if near else str(missing)
