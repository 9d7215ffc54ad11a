"""Queueing a pipeline, or running it here."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from raincheck.authoring.external import ExternalArtifact, external_reference
from raincheck.blobs.digest import digest_of
from raincheck.deployment import Deployment, current_deployment
from raincheck.index.replies import Message
from raincheck.index.submission import Submission
from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck.messaging.hints import check_message_size
from raincheck.messaging.installed import refuse_eager
from raincheck.queueing.run_handle import RunHandle
from raincheck.queueing.run_ids import new_run_id
from raincheck.queueing.unknown_names import warn_of_unknown
from raincheck.telemetry.tracing import annotate, current_trace, span
from raincheck_contracts._base import canonical_json
from raincheck_contracts.errors import (
    IndexUnavailableError,
    ParameterError,
    RaincheckError,
    VersionExistsError,
)
from raincheck_contracts.pipelines import (
    PipelineSpec,
    triggering_references,
    without_cache,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import Fork

if TYPE_CHECKING:
    from raincheck.authoring.compiler import CompiledPipeline
    from raincheck.authoring.pipeline import Pipeline

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOptions:
    """Celery's options of `apply_async`, as far as a run has them."""

    queue: str | None = None
    """Queue of the steps that name none."""
    priority: int | None = None
    """0 to 9, as the broker takes it: on Redis 0 comes first."""
    countdown: float | None = None
    """Seconds until the first steps may start."""
    eta: datetime | None = None
    """When the first steps may start; aware, or local time."""
    expires: float | datetime | None = None
    """Seconds or time after which the run is cancelled if nothing of it has started."""
    idempotency_key: str | None = None
    """Two calls of one pipeline with the same key are one run."""
    cache: bool = True
    """Whether its steps may take outputs from the cache; if not, none of theirs is kept."""


def enqueue(
    pipeline: "Pipeline[..., Any]",
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    options: EnqueueOptions | None = None,
) -> RunHandle:
    """Compile a pipeline, record its run and tell the workers.

    Args:
        pipeline: to run.
        args: for the pipeline function.
        kwargs: for the pipeline function.
        options: how it is queued.

    Returns:
        The run's handle. The run is accepted even when the broker does not answer: the
        workers send its messages then.

    Raises:
        UsageError: the pipeline does not compile, or an option cannot be used.
        IdempotencyConflictError: the key belongs to another request.
        IndexUnavailableError: nothing was recorded.
        SettingsError: the application that would send is eager.
    """
    deployment = current_deployment()
    refuse_eager(deployment.hints.app)
    with span(f"enqueue {pipeline.name}", "PRODUCER", pipeline=pipeline.name):
        compiled = compile_stored(deployment, pipeline, args, kwargs)
        return _queue(deployment, compiled, options or EnqueueOptions())


def queue_compiled(
    deployment: Deployment,
    compiled: "CompiledPipeline",
    options: EnqueueOptions,
    fork: Fork,
    trigger: str,
) -> RunHandle:
    """Queue a run that repeats another.

    Args:
        deployment: where it is recorded.
        compiled: what is to run.
        options: how it is queued.
        fork: of which run, and how.
        trigger: packed events that started that one; empty when somebody queued it.

    Raises:
        UsageError: the pipeline takes what only events give, or is too large.
        IndexUnavailableError: nothing was recorded.
        SettingsError: the application that would send is eager.
    """
    refuse_eager(deployment.hints.app)
    with span(f"enqueue {compiled.spec.name}", "PRODUCER", pipeline=compiled.spec.name):
        return _queue(deployment, compiled, options, fork=fork.canonical_json(), trigger=trigger)


def _queue(
    deployment: Deployment,
    compiled: "CompiledPipeline",
    options: EnqueueOptions,
    *,
    fork: str = "",
    trigger: str = "",
) -> RunHandle:
    submission = build_submission(deployment, compiled, options)
    submission = replace(submission, fork=fork, trigger=trigger)
    run, ready, new = deployment.index.runs.submit(submission)
    annotate(run=run)
    if new:
        deployment.hints.send(_messages(submission, run, ready))
        with suppress(IndexUnavailableError):  # the run is accepted; this only advises
            warn_of_unknown(deployment, compiled.spec)
    return RunHandle(run, deployment)


def compile_stored(
    deployment: Deployment,
    pipeline: "Pipeline[..., Any]",
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> "CompiledPipeline":
    """Compile a pipeline and store its external artifacts.

    Raises:
        UsageError: it does not compile.
        StoreError: an external artifact cannot be stored.
    """

    def store(external: ExternalArtifact) -> Reference:
        new = deployment.store.prepare(external.value, external.name)
        reference = external_reference(external.name, new.record.digest)
        version = str(reference).partition("@")[2]
        try:
            deployment.store.publish(replace(new, version=version))
        except VersionExistsError:
            _log.debug("external artifact is stored already", extra={"action": "external_known"})
        return reference

    return pipeline.compile_with(store, args, kwargs)


def build_submission(
    deployment: Deployment,
    compiled: "CompiledPipeline",
    options: EnqueueOptions,
    *,
    inline_node: str = "",
) -> Submission:
    """What is recorded of a run.

    Raises:
        MessageTooLargeError: a step's message would exceed the contract's limit.
        ParameterError: an option cannot be used.
    """
    spec = compiled.spec if options.cache else without_cache(compiled.spec)
    run = new_run_id()
    _refuse_untriggered(spec)
    parameters = canonical_json(compiled.parameters)
    text = spec.canonical_json()
    submission = Submission(
        run=run,
        spec=spec,
        spec_digest=digest_of(text.encode()),
        step_digests={s.name: digest_of(s.canonical_json().encode()) for s in spec.steps},
        parameters=parameters,
        request_digest=digest_of(f"{text}\n{parameters}".encode()),
        queue=options.queue or DEFAULT_QUEUE,
        idempotency_key=options.idempotency_key or "",
        wait_ms=0 if inline_node else round(deployment.settings.wait * 1000),
        inline_node=inline_node,
        trace=current_trace(),
        **_times(spec, options),
    )
    for message in _messages(submission, run, submission.step_digests):
        check_message_size(deployment.settings.namespace, message)
    return submission


def _refuse_untriggered(spec: PipelineSpec) -> None:
    """Refuse to queue what only events can start.

    Raises:
        ParameterError: names the artifact that it takes from its trigger.
    """
    for _, reference in triggering_references(spec):
        name = reference.artifact
        problem = (
            f"it takes triggering({name!r}), so only events start it. Deploy it and publish "
            f"{name!r}, or start it for versions that are there by a backfill"
        )
        raise ParameterError(spec.name, problem)


def _times(spec: PipelineSpec, options: EnqueueOptions) -> dict[str, Any]:
    if options.priority is not None and not 0 <= options.priority <= 9:  # noqa: PLR2004 - AMQP's range
        raise ParameterError(spec.name, f"priority {options.priority} is not 0 to 9")
    if options.countdown is not None and options.eta is not None:
        raise ParameterError(spec.name, "give countdown or eta, not both")
    _check_seconds(spec, "countdown", options.countdown)
    expires = options.expires
    if isinstance(expires, int | float):
        _check_seconds(spec, "expires", expires)
        expires = datetime.now(UTC) + timedelta(seconds=expires)
    return {
        "priority": options.priority,
        "countdown_ms": round((options.countdown or 0.0) * 1000),
        "not_before_ms": _milliseconds(options.eta),
        "expires_ms": _milliseconds(expires),
    }


def _check_seconds(spec: PipelineSpec, option: str, seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise ParameterError(spec.name, f"{option}={seconds!r} is no number of seconds from now")


def _milliseconds(moment: datetime | None) -> int:
    return 0 if moment is None else round(moment.timestamp() * 1000)


def _messages(submission: Submission, run: str, ready: Iterable[str]) -> list[Message]:
    steps = {step.name: step for step in submission.spec.steps}
    return [
        Message(
            run,
            submission.spec.name,
            steps[name].queue or submission.queue,
            submission.priority,
            steps[name].canonical_json(),
            trace=submission.trace,
        )
        for name in ready
    ]


def run_inline(
    pipeline: "Pipeline[..., Any]", args: tuple[object, ...], kwargs: Mapping[str, object]
) -> object:
    """Run a pipeline here and now, against the same index and store.

    Returns:
        What the pipeline function returned, materialized.

    Raises:
        RaincheckError: no executor is installed, or whatever the run raises.
    """
    found = entry_points(group="raincheck.executors", name="inline")
    for entry in found:
        return entry.load()(pipeline, args, kwargs)
    raise RaincheckError("no inline executor is installed; install raincheck with its workers")
