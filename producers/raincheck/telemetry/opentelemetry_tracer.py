"""Spans by OpenTelemetry's API: whoever wants them sets up a provider of its SDK."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from raincheck.telemetry.trace_text import trace_headers, trace_of
from raincheck.telemetry.tracer import Kind, Tracer, Value

_PROPAGATOR = TraceContextTextMapPropagator()


class OpenTelemetryTracer(Tracer):
    """Makes spans with the provider that is set, now or later."""

    def __init__(self) -> None:
        self._tracer = trace.get_tracer("raincheck")

    @override
    @contextmanager
    def span(self, name: str, kind: Kind = "INTERNAL", /, **attributes: Value) -> Generator[None]:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            yield  # no provider is set: the API's own span that drops all costs ten times this
            return
        with self._tracer.start_as_current_span(
            name, kind=trace.SpanKind[kind], attributes=_named(attributes)
        ):
            yield

    @override
    def annotate(self, **attributes: Value) -> None:
        trace.get_current_span().set_attributes(_named(attributes))

    @override
    def note(self, event: str, /, **attributes: Value) -> None:
        trace.get_current_span().add_event(event, _named(attributes))

    @override
    def record_exception(self, error: BaseException) -> None:
        trace.get_current_span().record_exception(error)

    @override
    def mark_failed(self, why: str) -> None:
        trace.get_current_span().set_status(trace.StatusCode.ERROR, why)

    @override
    def current_trace(self) -> str:
        headers: dict[str, str] = {}
        _PROPAGATOR.inject(headers)
        return trace_of(headers)

    @override
    @contextmanager
    def continued_trace(self, trace: str) -> Generator[None]:
        if not trace:
            yield
            return
        token = context.attach(_PROPAGATOR.extract(trace_headers(trace)))
        try:
            yield
        finally:
            context.detach(token)


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {f"raincheck.{name}": value for name, value in attributes.items()}
