"""What a step's execution is seen as: spans, figures, log records."""

import logging

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from typing_extensions import override

from raincheck import Client, Deployment, pipeline, save_artifact, step
from raincheck_workers.telemetry.measurements import Measurements, use_measurements
from tests.support.local_execution import LocalWorker
from tests.support.spans import attributes_of, names_below, span_named


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@step(retries=1)
def refuse(value: float) -> float:
    """Takes nothing."""
    raise ValueError(f"not {value}")


@pipeline
def double_twice(name: str) -> float:
    """The second step goes on in the task of the first."""
    return refuse_nothing(double(Client().get_artifact_version(name)))


@step
def refuse_nothing(value: float) -> float:
    """Takes all."""
    return value


@pipeline
def refuse_it() -> float:
    """A step that fails."""
    return refuse(1.0)


@pipeline
def double_never(name: str) -> float:
    """A step that does not wait."""
    return double(Client().get_artifact_version(name, wait=0))


class _Kept(Measurements):
    def __init__(self) -> None:
        self.taken: list[tuple[object, ...]] = []

    @override
    def bound(self, seconds: float) -> None:
        self.taken.append(("bound", seconds >= 0))

    @override
    def materialized(self, materializer: str, seconds: float, size: int) -> None:
        self.taken.append(("materialized", materializer, seconds >= 0, size))

    @override
    def published(self, size: int) -> None:
        self.taken.append(("published", size))

    @override
    def attempted(self, pipeline: str, step: str, seconds: float) -> None:
        self.taken.append(("attempted", pipeline, step, seconds >= 0))

    @override
    def delivered(self, pipeline: str, step: str, result: str) -> None:
        self.taken.append(("delivered", pipeline, step, result))


def test_a_step_is_a_span_with_one_for_each_of_its_stages(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    """Steps are siblings below the enqueueing, also one that a task continues with."""
    save_artifact(1.5, "model")
    handle = double_twice.delay("model")
    LocalWorker(deployment).work()
    first = span_named(spans, "step double")
    assert first.kind is SpanKind.CONSUMER
    expected = {"run": handle.id, "pipeline": "double_twice", "step": "double", "attempt": 1}
    found = attributes_of(first)
    assert found.pop("revision")
    assert found == {**expected, "result": "succeeded"}
    stages = ["claim", "materialize model:latest", "call", "store", "publish"]
    assert names_below(spans, first) == stages
    following = span_named(spans, "step refuse_nothing")
    assert names_below(spans, following)[1] == "materialize double.output"
    enqueued = span_named(spans, "enqueue double_twice")
    assert names_below(spans, enqueued) == ["step double", "step refuse_nothing"]
    loaded = span_named(spans, "materialize model:latest")
    assert attributes_of(loaded) == {"artifact": "model", "version": "1", "bytes": 3}


def test_what_is_published_stands_in_the_span_of_its_publication(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    """One event a version, and all their bytes."""
    save_artifact(1.5, "model")
    handle = double_twice.delay("model")
    LocalWorker(deployment).work()
    output = next(step for step in handle.run().steps if step.step == "double").outputs["output"]
    found = [span for span in spans.get_finished_spans() if span.name == "publish"]
    (event,) = found[0].events
    attributes = dict(event.attributes or {})
    artifact, _, version = output.partition("@")
    assert (attributes["raincheck.artifact"], attributes["raincheck.version"]) == (
        artifact,
        version,
    )
    assert attributes_of(found[0])["bytes"] == 3


def test_an_error_is_recorded_where_it_was_raised_and_where_it_was_dealt_with(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    """Each attempt has a span of its own, and the author's error in it."""
    refuse_it.delay()
    LocalWorker(deployment).work()
    tries = [span for span in spans.get_finished_spans() if span.name == "step refuse"]
    assert [attributes_of(span)["attempt"] for span in tries] == [1, 2]
    assert [attributes_of(span)["result"] for span in tries] == ["retry", "failed"]
    calls = [span for span in spans.get_finished_spans() if span.name == "call"]
    for span in (*tries, *calls):
        assert span.status.status_code is StatusCode.ERROR
        (event,) = span.events
        assert (event.attributes or {})["exception.type"] == "ValueError"


def test_a_step_whose_references_never_come_has_failed(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    """There was no attempt; the status says what is missing."""
    double_never.delay("model")
    LocalWorker(deployment).work()
    span = span_named(spans, "step double")
    assert names_below(spans, span) == ["claim"]
    assert span.status.status_code is StatusCode.ERROR
    assert "artifact 'model' has no versions yet" in (span.status.description or "")
    assert "attempt" not in attributes_of(span)


def test_each_stage_is_measured(deployment: Deployment) -> None:
    """Once for each binding, value, publication, attempt and delivery."""
    kept = _Kept()
    use_measurements(kept)
    try:
        save_artifact(1.5, "model")
        double_twice.delay("model")
        refuse_it.delay()
        LocalWorker(deployment).work()
    finally:
        use_measurements(Measurements())
    assert kept.taken.count(("bound", True)) == 4
    assert kept.taken.count(("materialized", "json", True, 3)) == 2
    assert kept.taken.count(("published", 3)) == 2
    assert kept.taken.count(("attempted", "refuse_it", "refuse", True)) == 2
    assert [item[3] for item in kept.taken if item[0] == "delivered"] == [
        *("succeeded", "succeeded"),
        *("retry", "failed"),
    ]


def test_artifacts_are_logged_with_their_version(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """For who looks closer; everybody sees what a step published in its own record."""
    save_artifact(1.5, "model")
    with caplog.at_level(logging.DEBUG, logger="raincheck_workers"):
        double_twice.delay("model")
        LocalWorker(deployment).work()
    found = {
        (record.levelname, record.getMessage()): vars(record)
        for record in reversed(caplog.records)
        if hasattr(record, "artifact")
    }
    loaded = found["DEBUG", "artifact materialized"]
    assert (loaded["action"], loaded["artifact"], loaded["version"]) == (
        *("artifact_materialized", "model"),
        "1",
    )
    published = found["DEBUG", "artifact published"]
    assert (published["action"], published["bytes"]) == ("artifact_published", 3)
    assert published["version"] == "1"
