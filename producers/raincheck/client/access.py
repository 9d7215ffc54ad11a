"""Which deployment a client asks."""

from raincheck.deployment import Deployment, current_deployment


class Access:
    """Asks a deployment.

    Args:
        deployment: where to ask; None is the one of the environment.
    """

    def __init__(self, deployment: Deployment | None = None) -> None:
        self._given = deployment

    @property
    def deployment(self) -> Deployment:
        """Where it asks."""
        return self._given or current_deployment()
