"""The spans of this process, kept in memory."""

from collections.abc import Mapping
from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@cache
def span_exporter() -> InMemorySpanExporter:
    """Takes all spans of this process; a process has one provider for good."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


def span_named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    """The only finished span of a name."""
    (found,) = [span for span in exporter.get_finished_spans() if span.name == name]
    return found


def attributes_of(span: ReadableSpan) -> dict[str, object]:
    """The attributes of a span, without the prefix that all have."""
    attributes: Mapping[str, object] = span.attributes or {}
    return {name.removeprefix("raincheck."): value for name, value in attributes.items()}


def names_below(exporter: InMemorySpanExporter, parent: ReadableSpan) -> list[str]:
    """The names of a span's children, in the order of their begin."""
    assert parent.context is not None
    identity = parent.context.span_id
    spans = exporter.get_finished_spans()
    children = [span for span in spans if span.parent and span.parent.span_id == identity]
    return [span.name for span in sorted(children, key=lambda span: span.start_time or 0)]
