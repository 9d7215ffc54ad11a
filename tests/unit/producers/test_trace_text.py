"""A trace context between a message's headers and the index."""

import pytest

from raincheck.telemetry.trace_text import trace_headers, trace_of

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "headers",
    [{}, {"traceparent": PARENT}, {"traceparent": PARENT, "tracestate": "a=1, b=x y"}],
)
def test_a_context_comes_back_as_it_was(headers: dict[str, str]) -> None:
    """Both headers, or the first alone, or none."""
    assert trace_headers(trace_of(headers)) == headers


def test_other_headers_and_other_types_are_left_out() -> None:
    """A message may come from anybody."""
    assert trace_of({"traceparent": 7, "id": "x", "lang": "py"}) == ""
