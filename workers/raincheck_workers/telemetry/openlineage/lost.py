"""Tells of attempts whose process is gone: a process that is given them and ends."""

import json
import sys
from collections.abc import Iterable

from openlineage.client import OpenLineageClient

from raincheck.deployment import Deployment, current_deployment
from raincheck.index.connection import text
from raincheck_contracts.errors import RunNotFoundError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import StepState
from raincheck_workers.telemetry.attempts import AttemptFacts
from raincheck_workers.telemetry.openlineage import events
from raincheck_workers.telemetry.openlineage.event_thread import Client

#: `run/step`, the fence or nothing, seconds since the epoch, why.
Lost = tuple[str, str, float, str]


def tell(deployment: Deployment, client: Client, lost: Iterable[Lost]) -> None:
    """Say of each that it was aborted, unless it has published before.

    Args:
        deployment: whose index is asked.
        client: takes the events.
        lost: the attempts.
    """
    for member, fence, at, why in lost:
        facts = _facts(deployment, member, fence)
        if facts is not None:
            client.emit(events.abort(events.Attempt(facts), at, why))


def _facts(deployment: Deployment, member: str, fence: str) -> AttemptFacts | None:
    records = deployment.index.records
    run, _, name = member.partition("/")
    try:
        spec, stored = records.spec(run), records.stored_run(run)
    except RunNotFoundError:
        return None
    last = int(text(stored.steps[name].get("attempt")) or 1)
    attempt = int(fence.partition(":")[0] or last)
    if attempt == last and stored.state(name) is StepState.SUCCEEDED:
        return None
    step = next(step for step in spec.steps if step.name == name)
    namespace = deployment.settings.namespace
    task = StepTask(namespace=namespace, run=run, pipeline=spec.name, step=step)
    return AttemptFacts(task, attempt, None)


if __name__ == "__main__":
    client = OpenLineageClient()
    tell(current_deployment(), client, json.loads(sys.argv[1]))
    client.close(timeout=5.0)
