"""A run as `submit` records it."""

from collections.abc import Mapping
from dataclasses import dataclass

from raincheck.index.connection import Argument
from raincheck.index.packing import pack_model, pack_run_scope
from raincheck_contracts.pipelines import PipelineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A run to record."""

    run: str
    spec: PipelineSpec
    spec_digest: str
    step_digests: dict[str, str]
    """Digest of each step's canonical JSON, by step."""
    parameters: str
    """Raw JSON."""
    request_digest: str
    """Digest of spec and parameters: what an idempotency key is held to."""
    queue: str
    idempotency_key: str = ""
    priority: int | None = None
    countdown_ms: int = 0
    not_before_ms: int = 0
    """Milliseconds since the epoch; 0 is at once."""
    expires_ms: int = 0
    """Milliseconds since the epoch; 0 is never."""
    wait_ms: int
    """Default wait of the run's references."""
    depth: int = 0
    inline_node: str = ""
    """The node that runs it inline; empty when it goes through the queue."""
    trace: str = ""
    """Trace context of the caller, as `telemetry.tracing` writes it."""
    fork: str = ""
    """Raw JSON of the `Fork`, for a run that repeats another."""
    trigger: str = ""
    """Packed events that started that one: its steps see them."""

    def arguments(self) -> list[Argument]:
        """As the Lua function reads it."""
        arguments: list[Argument] = [
            self.run,
            self.spec.name,
            self.spec_digest,
            self.parameters,
            self.request_digest,
            self.idempotency_key,
            self.queue,
            "" if self.priority is None else self.priority,
            self.countdown_ms,
            self.not_before_ms,
            self.expires_ms,
            self.wait_ms,
            self.spec.on_failure,
            self.depth,
            self.inline_node,
            self.trace,
        ]
        arguments += spec_arguments(self.spec, self.step_digests)
        if not self.fork:
            return arguments
        no_model = [""] if self.spec.model is None else []
        return [*arguments, *no_model, self.fork, self.trigger]


def spec_arguments(spec: PipelineSpec, step_digests: Mapping[str, str]) -> list[Argument]:
    """A spec as `Submit.hold_spec` of the Lua library reads it.

    Args:
        spec: the compiled pipeline.
        step_digests: digest of each step's canonical JSON, by step.
    """
    head = spec.model_copy(update={"steps": ()})
    arguments: list[Argument] = [head.canonical_json(), pack_run_scope(spec), len(spec.steps)]
    successors: dict[str, list[str]] = {step.name: [] for step in spec.steps}
    for step in spec.steps:
        for earlier in step.after:
            successors[earlier].append(step.name)
    for step in spec.steps:
        delay, timeout = round(step.retry_delay * 1000), _timeout_ms(step.timeout)
        limits = (step.retries, delay, timeout, step.retry_backoff)
        arguments += [
            step.name,
            len(step.after),
            step.queue or "",
            " ".join(map(str, limits)),
            " ".join(successors[step.name]),
            step_digests[step.name],
            step.canonical_json(),
        ]
    if spec.model is not None:
        arguments.append(pack_model(spec.model))
    return arguments


def _timeout_ms(timeout: float | None) -> int:
    return 0 if timeout is None else max(1, round(timeout * 1000))
