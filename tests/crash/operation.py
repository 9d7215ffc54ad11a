"""What a process does until it dies, and what the others make of it."""

from pathlib import Path
from typing import Annotated

from raincheck import (
    Client,
    Deployment,
    get_step_context,
    pipeline,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.messaging.waking import wake
from tests.support.local_execution import LocalWorker

#: More than the index keeps itself, so that each value is a file.
LONG = "late " * 2_000


@step
def doubled(text: str) -> Annotated[str, "doubled_text"]:
    """A step with an output that is a file."""
    return text * 2


@step(retries=1)
def counted(text: str) -> Annotated[str, "counted_text"]:
    """Fails at its first try."""
    if get_step_context().attempt == 1:
        raise ValueError("the first try")
    return f"{len(text)} {text}"


@pipeline
def two_steps() -> str:
    """A reference, an output that is handed on, and a try that fails."""
    return counted(doubled(Client().get_artifact_version("given_text")))


def operate(deployment: Deployment, told: Path) -> None:
    """Publish, queue and work; `told` gets what the caller would know by then."""
    with use_deployment(deployment):
        _tell(told, save_artifact(LONG, "given_text").version)
        _tell(told, two_steps.delay().id)
        LocalWorker(deployment).work()


def _tell(told: Path, text: str) -> None:
    with told.open("a") as file:  # not counted: it is the test's
        file.write(f"{text}\n")


def recover(deployment: Deployment) -> None:
    """What other workers do: the dead node is reaped, lost messages are sent again."""
    index, hints = deployment.index, deployment.hints
    pass_ticks(deployment, 2_000)
    hints.send(index.nodes.reap())
    worker = LocalWorker(deployment)
    for _ in range(10):
        wake(index, hints)
        messages, _ = index.runs.due(index.records.queues())
        hints.send(messages)
        worker.work()
        if not list(index.records.run_ids(10, live_only=True)):
            return
        pass_ticks(deployment, 100)
        index.nodes.beat("local-node", 1_000)


def pass_ticks(deployment: Deployment, count: int) -> None:
    """Let the index's time pass at once."""
    key = f"{deployment.index.connection.prefix}index"
    deployment.index.connection.ask([("HINCRBY", key, "tick", count)])
