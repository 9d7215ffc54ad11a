"""Plays users and workers against an index, one call at a time."""

from typing import Any

from raincheck.index import Index
from raincheck.index.entries import NewVersion
from raincheck.index.packing import pack_needs
from raincheck.index.replies import (
    Claimed,
    Completed,
    Message,
    Parked,
    Published,
    Refused,
    Unresolvable,
)
from raincheck.index.run_scripts import Attempt, Delivery
from raincheck_contracts._base import JsonValue
from raincheck_contracts.pipelines import PipelineSpec, StepSpec, needs_of
from raincheck_contracts.runs import ErrorInfo, RunStatus, StepRun, StepState
from tests.support.builders import digest, new_version, nonce, submission
from tests.support.dumps import key

ERROR = ErrorInfo(type="builtins.ValueError", message="no")


def names(messages: tuple[Message, ...] | list[Message]) -> list[str]:
    """The steps that messages are about."""
    return [StepSpec.model_validate_json(message.body).name for message in messages]


class Driver:
    """One index, with one registered node `n1`."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._specs: dict[str, PipelineSpec] = {}
        self.register("n1")

    def register(self, node: str, lease: int = 20) -> None:
        """Register a node with a lease of ticks."""
        self.index.nodes.beat(node, lease, register=True)

    def submit(self, spec: PipelineSpec, **changes: Any) -> str:
        """Submit a pipeline; the id of its run."""
        run, _, _ = self.index.runs.submit(submission(spec, **changes))
        self._specs[run] = spec
        return run

    def adopt(self, run: str, spec: PipelineSpec) -> str:
        """Learn the pipeline of a run that events started; the run."""
        self._specs[run] = spec
        return run

    def spec(self, run: str, step: str) -> StepSpec:
        """The step as it was submitted."""
        return next(item for item in self._specs[run].steps if item.name == step)

    def publish(
        self, artifact: str, version: str | None = None, /, **metadata: JsonValue
    ) -> Published:
        """Publish a version by hand."""
        return self.index.versions.publish(
            nonce(), new_version(artifact, version, metadata=metadata)
        )

    def deliver(
        self, run: str, step: str, delivery: Delivery
    ) -> Claimed | Parked | Unresolvable | Refused:
        """Claim a step for a given delivery of its message."""
        spec = self.spec(run, step)
        return self.index.runs.claim(
            run,
            step,
            digest=digest(spec.canonical_json()),
            delivery=delivery,
            references=pack_needs(needs_of(spec)),
        )

    def claim(
        self, run: str, step: str, node: str = "n1", pid: int = 11
    ) -> Claimed | Parked | Unresolvable | Refused:
        """Claim a step for a new delivery."""
        return self.deliver(run, step, Delivery(nonce=nonce(), node=node, pid=pid, task="t"))

    def claimed(self, run: str, step: str, node: str = "n1", pid: int = 11) -> Claimed:
        """Claim a step that can be had."""
        reply = self.claim(run, step, node, pid)
        assert isinstance(reply, Claimed), reply
        return reply

    def parked(self, run: str, step: str) -> Parked:
        """Claim a step that misses something."""
        reply = self.claim(run, step)
        assert isinstance(reply, Parked), reply
        return reply

    def attempt(self, run: str, step: str, node: str = "n1", pid: int = 11) -> Attempt:
        """Claim a step that can be had, and hold its fence."""
        return Attempt(
            run=run, step=step, fence=self.claimed(run, step, node, pid).fence, node=node
        )

    def finish(self, run: str, step: str, *outputs: NewVersion) -> Completed:
        """Claim and complete a step."""
        return self.index.runs.complete(self.attempt(run, step), outputs)

    def fail(self, run: str, step: str, kind: str = "error") -> tuple[str, Message | None]:
        """Claim a step and let the attempt fail."""
        return self.index.runs.fail(self.attempt(run, step), kind, ERROR)

    def wake(self) -> list[str]:
        """Wake until nothing is left to look at; the steps now ready."""
        ready: list[Message] = []
        more = True
        while more:
            woken, more = self.index.runs.wake()
            ready += woken
        return names(ready)

    def due(self) -> list[str]:
        """Do what time brings, with room in every queue; the steps whose hint is to be sent."""
        messages, _ = self.index.runs.due(self.index.records.queues())
        return names(messages)

    def pass_ticks(self, count: int) -> None:
        """Let ticks pass at once."""
        self.index.connection.ask([("HINCRBY", key(self.index, "index"), "tick", count)])

    def step_run(self, run: str, step: str) -> StepRun:
        """The record of a step."""
        return next(item for item in self.index.records.run(run).steps if item.step == step)

    def state(self, run: str, step: str) -> StepState:
        """The state of a step."""
        return self.step_run(run, step).state

    def status(self, run: str) -> RunStatus:
        """The status of a run."""
        return self.index.records.run(run).status
