"""Spans by OpenTelemetry's API; without that package every function here does nothing.

Only the API is used: who wants spans sets up a provider of the SDK. A span that is begun
in a context lies below the one of the context around it.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

try:
    from opentelemetry import context as contexts
    from opentelemetry import trace as spans
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    contexts = spans = None  # type: ignore[assignment] # the package is optional

Value: TypeAlias = str | int | float | Sequence[str]
Kind: TypeAlias = Literal["INTERNAL", "PRODUCER", "CONSUMER"]

_PREFIX = "raincheck."
_TRACER = spans.get_tracer("raincheck") if spans else None
# The W3C headers of a trace context; in this order they are the lines of its text.
_HEADERS = ("traceparent", "tracestate")


@contextmanager
def span(name: str, kind: Kind = "INTERNAL", /, **attributes: Value) -> Generator[None]:
    """A span for the time of a context; an error that leaves it is recorded with it.

    Args:
        name: of few different values, so without ids.
        kind: OpenTelemetry's.
        attributes: `run=...` becomes `raincheck.run`.
    """
    if _TRACER is None:
        yield
        return
    named = {_PREFIX + key: value for key, value in attributes.items()}
    with _TRACER.start_as_current_span(name, kind=spans.SpanKind[kind], attributes=named):
        yield


def annotate(**attributes: Value) -> None:
    """Add attributes to the current span."""
    if spans is not None:
        current = spans.get_current_span()
        for key, value in attributes.items():
            current.set_attribute(_PREFIX + key, value)


def note(event: str, **attributes: Value) -> None:
    """Add an event to the current span."""
    if spans is not None:
        named = {_PREFIX + key: value for key, value in attributes.items()}
        spans.get_current_span().add_event(event, named)


def record_exception(error: BaseException) -> None:
    """Record an error that was dealt with in the current span."""
    if spans is not None:
        spans.get_current_span().record_exception(error)


def mark_failed(why: str) -> None:
    """Say that what the current span stands for has failed."""
    if spans is not None:
        spans.get_current_span().set_status(spans.StatusCode.ERROR, why)


def current_trace() -> str:
    """The context of the current span as text; empty without a span."""
    headers: dict[str, str] = {}
    if spans is not None:
        TraceContextTextMapPropagator().inject(headers)
    return trace_of(headers)


@contextmanager
def continued_trace(trace: str) -> Generator[None]:
    """Spans of this context belong to a trace that was begun elsewhere.

    Args:
        trace: written by `current_trace`; empty leaves the context as it is.
    """
    if spans is None or not trace:
        yield
        return
    token = contexts.attach(TraceContextTextMapPropagator().extract(trace_headers(trace)))
    try:
        yield
    finally:
        contexts.detach(token)


def trace_headers(trace: str) -> dict[str, str]:
    """The headers of a message that carry a trace context."""
    return {name: line for name, line in zip(_HEADERS, trace.split("\n"), strict=False) if line}


def trace_of(headers: Mapping[str, object]) -> str:
    """The trace context that a message's headers carry; empty without one."""
    lines = (headers.get(name) for name in _HEADERS)
    return "\n".join(line for line in lines if isinstance(line, str))
