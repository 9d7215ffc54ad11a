"""Executes messages in this process, as a worker of one slot does."""

from raincheck import Deployment
from raincheck.authoring.registry import find_step
from raincheck.telemetry.trace_text import trace_of
from raincheck.telemetry.tracing import continued_trace
from raincheck_contracts.messages import StepTask
from raincheck_workers.execution.branch import run_branch
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.execution.outcomes import Outcome
from raincheck_workers.liveness.holdings import Holdings
from tests.support.deployments import delivered

NODE, PID = "local-node", 4_711


class LocalWorker:
    """A node with a real executor, and the messages of a `local_deployment`."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.deployment.index.nodes.beat(NODE, 1_000, register=True)
        self.executor = Executor(
            deployment, deployment.hints, Place(lambda: NODE, PID, Holdings()), patience=1
        )

    def execute(self, task: StepTask) -> Outcome:
        """Execute one delivery, and nothing that it makes ready."""
        assert find_step(task.step.function) is not None
        return self.executor.execute(task, "celery-id")

    def work(self, queue: str = "raincheck") -> list[Outcome]:
        """Take messages until there are none; what became of each step."""
        outcomes: list[Outcome] = []
        while messages := delivered(self.deployment, queue):
            for task, headers in messages:
                with continued_trace(trace_of(headers)):
                    outcomes += run_branch(self.executor, task, "celery-id")
        return outcomes
