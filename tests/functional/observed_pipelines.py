"""Pipelines whose workers export spans, set up as docs/observability.md says."""

import logging
import threading
from typing import Annotated, Any

from celery.signals import worker_process_init, worker_process_shutdown
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from raincheck import Client, get_step_context, pipeline, read_settings, step

_log = logging.getLogger("author")


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


@worker_process_init.connect(weak=False)
def export_spans(**_: Any) -> None:
    """Each process of the pool has a provider of its own, made after the fork."""
    file = (read_settings().home.parent / "spans").open("a", buffering=1)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(out=file, formatter=_line)))
    trace.set_tracer_provider(provider)


@worker_process_shutdown.connect(weak=False)
def export_the_rest(**_: Any) -> None:
    """A process of the pool ends without Python's exit functions."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


@step(retries=1, retry_delay=0.1)
def flaky(value: float) -> float:
    """Fails at its first try."""
    if get_step_context().attempt == 1:
        raise ValueError("the first try")
    return value


@step
def logging_step(value: float) -> Annotated[float, "logged"]:
    """Logs in the author's ways."""
    _log.warning("the author's %s", "word", extra={"loss": float("nan")})
    print("printed")
    logging.getLogger("library").info("a library's word")
    thread = threading.Thread(target=_log.warning, args=("from a thread",))
    thread.start()
    thread.join()
    return value


@pipeline
def observed(name: str) -> float:
    """A step that waits and is retried, and one that its task goes on with."""
    return logging_step(flaky(Client().get_artifact_version(name)))


@pipeline
def log_it(value: float) -> float:
    """One step."""
    return logging_step(value)
