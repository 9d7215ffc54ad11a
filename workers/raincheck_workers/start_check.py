"""Before a worker starts: the server answers, speaks our protocol and keeps what it is given."""

from raincheck.deployment import Deployment
from raincheck.index.eviction import SAFE_POLICY, eviction_policy
from raincheck.index.faults import evicting


def check_server(deployment: Deployment) -> None:
    """Refuse a server on which a worker must not start.

    Args:
        deployment: of the worker.

    Raises:
        IndexUnavailableError: it does not answer.
        IndexProtocolError: it is too old, holds another protocol's index, or throws data
            away when it is full.
    """
    connection = deployment.index.connection
    policy = eviction_policy(connection.probe([("INFO", "memory")])[0])
    if policy not in {"", SAFE_POLICY}:
        raise evicting(connection.url, policy)
    deployment.index.records.revision()  # opens the index
    connection.close()  # the worker forks
