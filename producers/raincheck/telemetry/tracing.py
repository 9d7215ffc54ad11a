"""The spans of this process: OpenTelemetry's when its API is installed, else none."""

from raincheck.telemetry.tracer import Tracer


def _installed() -> Tracer:
    try:
        from raincheck.telemetry.opentelemetry_tracer import OpenTelemetryTracer  # noqa: PLC0415
    except ImportError:
        return Tracer()
    return OpenTelemetryTracer()


_tracer = _installed()

span = _tracer.span
annotate = _tracer.annotate
note = _tracer.note
record_exception = _tracer.record_exception
mark_failed = _tracer.mark_failed
current_trace = _tracer.current_trace
continued_trace = _tracer.continued_trace
