"""Messages of another release: refused by their version, before they are read."""

import re
from collections.abc import Mapping

from raincheck.deployment import Deployment
from raincheck_contracts._base import CONTRACT_VERSION
from raincheck_contracts.errors import MessageVersionError
from raincheck_contracts.names import IDENTIFIER_PATTERN, RUN_ID_PATTERN


def check_contract(deployment: Deployment, body: Mapping[str, object]) -> None:
    """Refuse a message body that was written for another version of the contract.

    A step that it names is given back with the reason, so that `runs show` says it and a
    worker of the other release may take it.

    Args:
        deployment: whose index knows the run.
        body: as it came.

    Raises:
        MessageVersionError: says which side to upgrade.
    """
    found = body.get("contract", CONTRACT_VERSION)
    if found == CONTRACT_VERSION:
        return
    error = MessageVersionError(f"{found!r:.20}", CONTRACT_VERSION)
    run, step = str(body.get("run")), body.get("step")
    name = str(step.get("name")) if isinstance(step, Mapping) else ""
    if re.fullmatch(RUN_ID_PATTERN, run) and re.fullmatch(IDENTIFIER_PATTERN, name):
        deployment.index.runs.decline(run, name, str(error))
    raise error
