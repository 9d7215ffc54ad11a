"""What things are called in OpenLineage."""

from importlib.metadata import version
from uuid import NAMESPACE_URL, UUID, uuid5

#: Of what we emit, and of the facets that are ours.
PRODUCER = f"urn:raincheck:{version('raincheck')}"
FACETS = "urn:raincheck:openlineage:1-0-0"


def run_uuid(namespace: str, run: str) -> UUID:
    """The run of a pipeline; the same whoever computes it."""
    return uuid5(NAMESPACE_URL, f"raincheck://{namespace}/{run}")


def attempt_uuid(namespace: str, run: str, step: str, attempt: int) -> UUID:
    """An attempt of a step. Attempts are counted on when a run is retried: each is unique."""
    return uuid5(NAMESPACE_URL, f"raincheck://{namespace}/{run}/{step}/{attempt}")


def versions_of(namespace: str) -> str:
    """Where the versions of a namespace of ours are."""
    return f"raincheck://{namespace}"
