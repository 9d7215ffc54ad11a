"""Whether a worker of this host is alive: `python -m raincheck_workers.liveness.health`.

For the health checks of containers and services; exit code 0 or 1.
"""

import sys
import time

from raincheck.deployment import current_deployment
from raincheck.index import Index
from raincheck.index.node_records import read_nodes
from raincheck_contracts.errors import RaincheckError
from raincheck_workers.liveness.heartbeat import PERIOD
from raincheck_workers.liveness.identity import host_name


def beating(index: Index, host: str, patience: float) -> bool:
    """Whether the heartbeat of one of a host's nodes goes on.

    That a node is registered would not do: the last worker of all is reaped by nobody.

    Args:
        index: where nodes beat.
        host: as `host_name` gives it.
        patience: seconds in which a beat must be seen.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    before = _beats(index, host)
    end = time.monotonic() + patience
    while before and time.monotonic() < end:
        time.sleep(PERIOD / 2)
        if any(tick > before.get(node, tick) for node, tick in _beats(index, host).items()):
            return True
    return False


def _beats(index: Index, host: str) -> dict[str, int]:
    _, nodes = read_nodes(index.connection)
    return {item.node: item.last_beat for item in nodes if item.node.startswith(f"{host}-")}


def main() -> None:
    """Look, and end the process."""
    try:
        if beating(current_deployment().index, host_name(), 10 * PERIOD):
            sys.exit(0)
        problem = f"no worker of {host_name()} beats"
    except RaincheckError as error:
        problem = str(error)
    sys.exit(f"unhealthy: {problem}")


if __name__ == "__main__":
    main()
