"""Spans as the rest of the code sees them; here they come to nothing."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

Value: TypeAlias = str | int | float | Sequence[str]
Kind: TypeAlias = Literal["INTERNAL", "PRODUCER", "CONSUMER"]


class Tracer:
    """Drops what it is told: nobody has installed OpenTelemetry."""

    @contextmanager
    def span(self, name: str, kind: Kind = "INTERNAL", /, **attributes: Value) -> Generator[None]:
        """A span for the time of a context; an error that leaves it is recorded with it.

        Args:
            name: of few different values, so without ids.
            kind: OpenTelemetry's.
            attributes: `run=...` becomes `raincheck.run`.
        """
        del name, kind, attributes
        yield

    def annotate(self, **attributes: Value) -> None:
        """Add attributes to the current span."""

    def note(self, event: str, /, **attributes: Value) -> None:
        """Add an event to the current span."""

    def record_exception(self, error: BaseException) -> None:
        """Record an error that was dealt with in the current span."""

    def mark_failed(self, why: str) -> None:
        """Say that what the current span stands for has failed."""

    def current_trace(self) -> str:
        """The context of the current span as text; empty without one."""
        return ""

    @contextmanager
    def continued_trace(self, trace: str) -> Generator[None]:
        """Let the spans of a context belong to a trace that was begun elsewhere.

        Args:
            trace: written by `current_trace`; empty changes nothing.
        """
        del trace
        yield
