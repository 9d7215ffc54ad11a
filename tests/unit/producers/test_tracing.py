"""Spans around queueing, and the context that a run keeps."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from raincheck import Client, Deployment, pipeline, save_artifact, step
from raincheck.telemetry import tracing
from raincheck.telemetry.tracer import Tracer
from raincheck_workers.execution.outcomes import Result
from tests.support.deployments import delivered
from tests.support.dumps import ask, key
from tests.support.local_execution import LocalWorker
from tests.support.spans import attributes_of, span_named


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@pipeline
def double_newest(name: str) -> float:
    """One step with a reference."""
    return double(Client().get_artifact_version(name))


def test_queueing_is_a_span_whose_context_the_message_carries(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    """Below the caller's span; the headers name it as the parent of what follows."""
    with trace.get_tracer("caller").start_as_current_span("request"):
        handle = double_newest.delay("model")
    enqueued = span_named(spans, "enqueue double_newest")
    assert enqueued.kind is SpanKind.PRODUCER
    assert attributes_of(enqueued) == {"run": handle.id, "pipeline": "double_newest"}
    request = span_named(spans, "request")
    assert enqueued.parent == request.context
    assert enqueued.context is not None
    ((_, headers),) = delivered(deployment)
    parent = f"00-{enqueued.context.trace_id:032x}-{enqueued.context.span_id:016x}-"
    assert str(headers["traceparent"]).startswith(parent)


@pytest.mark.usefixtures("spans")
def test_a_hint_that_another_process_sends_carries_the_same_context(
    deployment: Deployment,
) -> None:
    """Sent again by a sweeper, then woken by a publication: the run keeps it."""
    double_newest.delay("model")
    ((_, lost),) = delivered(deployment)
    _send_due(deployment)
    ((_, again),) = delivered(deployment)
    _send_due(deployment)
    (outcome,) = LocalWorker(deployment).work()
    assert outcome.result is Result.PARKED
    save_artifact(1.0, "model")
    ((_, woken),) = delivered(deployment)
    assert lost["traceparent"] == again["traceparent"] == woken["traceparent"]


def _send_due(deployment: Deployment) -> None:
    """Do what a sweeper does a minute later."""
    ask(deployment.index, "HINCRBY", key(deployment.index, "index"), "tick", 120)
    messages, _ = deployment.index.runs.due(["raincheck"])
    deployment.hints.send(messages)


@pytest.mark.usefixtures("deployment")
def test_an_error_in_queueing_is_recorded(spans: InMemorySpanExporter) -> None:
    """With its class, and the span has failed."""
    with pytest.raises(ValueError, match="priority"):
        double_newest.apply_async(("model",), priority=10)
    enqueued = span_named(spans, "enqueue double_newest")
    assert enqueued.status.status_code is StatusCode.ERROR
    (event,) = enqueued.events
    assert str((event.attributes or {})["exception.type"]).endswith("ParameterError")


def test_without_a_span_there_is_no_context() -> None:
    """Nothing is put into a run or a message."""
    assert tracing.current_trace() == ""


def test_a_context_from_elsewhere_is_the_parent(spans: InMemorySpanExporter) -> None:
    """With its state, as W3C writes them; an empty one changes nothing."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with (
        tracing.continued_trace(f"{parent}\nvendor=1"),
        tracing.continued_trace(""),
        tracing.span("work"),
    ):
        assert tracing.current_trace().endswith("\nvendor=1")
    context = span_named(spans, "work").context
    assert context is not None
    assert f"{context.trace_id:032x}" == parent[3:35]


def test_without_opentelemetry_the_same_calls_do_nothing() -> None:
    """The tracer of an installation without the package."""
    tracer = Tracer()
    with tracer.continued_trace("00-x"), tracer.span("work", "CONSUMER", run="r"):
        tracer.annotate(step="s")
        tracer.note("event", artifact="a")
        tracer.record_exception(ValueError("no"))
        tracer.mark_failed("no")
        assert tracer.current_trace() == ""
