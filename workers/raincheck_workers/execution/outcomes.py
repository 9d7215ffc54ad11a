"""What became of one delivery of a step."""

from dataclasses import dataclass, field
from enum import StrEnum

from raincheck.index.replies import Message
from raincheck_contracts.artifacts import Binding


class Result(StrEnum):
    """How a delivery ended."""

    SUCCEEDED = "succeeded"
    RETRY = "retry"
    """The attempt failed and the step will be tried again."""
    FAILED = "failed"
    PARKED = "waiting"
    """The step waits in the index; no slot and no message is held."""
    REFUSED = "refused"
    """A stale, early, repeated or forged hint."""
    DECLINED = "declined"
    """This worker does not know the step's function."""
    SUPERSEDED = "superseded"
    """The attempt lost its step while it ran; its writes were refused."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One delivery's end."""

    step: str
    result: Result
    detail: str = ""
    bindings: dict[str, Binding] = field(default_factory=dict[str, Binding])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    messages: tuple[Message, ...] = ()
    """Steps that may be sent or taken now."""
    drain: bool = False

    def summary(self) -> dict[str, object]:
        """A few words for Celery's result and for Flower."""
        summary: dict[str, object] = {"step": self.step, "state": self.result.value}
        if self.detail:
            summary["detail"] = self.detail
        if self.bindings:
            summary["bound"] = {name: _bound(b) for name, b in self.bindings.items()}
        if self.outputs:
            summary["published"] = self.outputs
        return summary


def _bound(binding: Binding) -> str:
    name = f"{binding.artifact}@{binding.version}"
    return name if binding.pointer is None else f"{name} = {binding.value!r}"
