"""A trace context as text, for the index, and as the headers of a message."""

from collections.abc import Mapping

# W3C Trace Context; in this order they are the lines of the text.
_HEADERS = ("traceparent", "tracestate")


def trace_headers(trace: str) -> dict[str, str]:
    """The headers of a message that carry a trace context; none for an empty text."""
    return {name: line for name, line in zip(_HEADERS, trace.split("\n"), strict=False) if line}


def trace_of(headers: Mapping[str, object]) -> str:
    """The trace context that a message's headers carry; empty without one."""
    lines = (headers.get(name) for name in _HEADERS)
    return "\n".join(line for line in lines if isinstance(line, str))
