"""What became of one delivery of a step."""

from dataclasses import dataclass, field
from enum import StrEnum

from raincheck.index.replies import Message
from raincheck.messaging.descriptions import describe_binding
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.runs import ErrorInfo


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
    error: ErrorInfo | None = None
    """Of an attempt that failed."""
    bindings: dict[str, Binding] = field(default_factory=dict[str, Binding])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    cached_from: str | None = None
    """`run/step` that computed the outputs, when they were taken from the cache."""
    messages: tuple[Message, ...] = ()
    """Steps that may be sent or taken now."""
    drain: bool = False

    def summary(self) -> dict[str, object]:
        """A few words for Celery's result and for Flower."""
        summary: dict[str, object] = {"step": self.step, "state": self.result.value}
        if self.detail:
            summary["detail"] = self.detail
        if self.bindings:
            summary["bound"] = {name: describe_binding(b) for name, b in self.bindings.items()}
        if self.cached_from is not None:
            summary["cached_from"] = self.cached_from
        if self.outputs:
            summary["published" if self.cached_from is None else "reused"] = self.outputs
        return summary
