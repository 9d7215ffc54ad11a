"""Before a worker starts: the server answers, speaks our protocol and keeps what it is given."""

import logging

from raincheck.deployment import Deployment
from raincheck.index.faults import redacted
from raincheck_contracts.errors import IndexProtocolError
from raincheck_workers.fitness.check import Verdict
from raincheck_workers.fitness.server import server_checks

_log = logging.getLogger(__name__)


def check_server(deployment: Deployment) -> None:
    """Refuse a server on which a worker must not start; warn of what may surprise.

    What is looked at is what `raincheck doctor` looks at.

    Args:
        deployment: of the worker.

    Raises:
        IndexUnavailableError: it does not answer.
        IndexProtocolError: it is too old, a replica, holds another protocol's index, throws
            data away when it is full, or does not sync although the durability is strict.
    """
    connection = deployment.index.connection
    url = redacted(connection.url)
    for check in server_checks(connection, deployment.settings):
        if check.verdict is Verdict.PROBLEM:
            raise IndexProtocolError(url, check.found, check.remedy)
        if check.verdict is Verdict.WARNING:
            extra = {"action": "server_unfit", "check": check.name}
            _log.warning("%s: %s. %s", check.name, check.found, check.remedy, extra=extra)
    deployment.index.records.revision()  # opens the index
    connection.close()  # the worker forks
