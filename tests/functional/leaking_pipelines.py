"""A step whose error names the server with its password, as drivers' errors do."""

from raincheck import current_deployment, pipeline, step


@step
def reach() -> float:
    """Never reaches it."""
    raise ConnectionError(f"no answer from {current_deployment().settings.url}")


@pipeline
def leaking() -> float:
    """One step that fails."""
    return reach()
