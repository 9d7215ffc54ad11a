"""What is missing, with the artifacts or models that a person may have meant."""

from raincheck.near_names import did_you_mean
from raincheck.queueing.unknown_names import NearNames
from raincheck_contracts.runs import MissingReference


def missing_words(near: NearNames, missing: MissingReference) -> str:
    """The sentence about a missing reference; near names when artifact or model is unknown."""
    return f"{missing}{did_you_mean(near.to(missing))}"
