"""Why an input of a step is what it is.

The answer on record, what it was chosen over, and what the answer would be now.
"""

from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import StepName


class LostCandidate(Contract):
    """A version that was there and was not chosen."""

    version: str
    """`artifact@version`."""
    why: str
    """In words."""


class InputAnswer(Contract):
    """One reference of a step, as it was answered."""

    step: StepName
    parameters: tuple[str, ...]
    """That took it."""
    reference: str
    """As written, or `step.output`."""
    kind: Literal["output", "external", "reference", "trigger"]
    """Output of an earlier step, value from outside that was stored by its digest, reference
    that was resolved as the step started, or version whose event started the run."""
    versions: tuple[str, ...]
    """What it became, `artifact@version` each: one, or those of a list."""
    values: tuple[JsonValue, ...] = ()
    """Of a metadata reference, one for each version."""
    revision: Annotated[int, Field(ge=0)]
    """Of the index at which it was answered."""
    chosen: str
    """How it was chosen, in words."""
    lost: tuple[LostCandidate, ...] = ()
    """Candidates that were next, or that are newer and did not qualify; at most five."""
    now: tuple[str, ...] = ()
    """What the answer would be now; empty when there would be none."""
    missing: str | None = None
    """Why there would be none now."""
    deleted: tuple[str, ...] = ()
    """Of the versions that it became those that were deleted since: when, by whom and why."""

    @property
    def changed(self) -> bool:
        """Whether another answer would be given now."""
        return self.now != self.versions
