"""Running a pipeline in the caller's process, against the same index and store."""

import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from raincheck.authoring.pipeline import Pipeline
from raincheck.deployment import Deployment, current_deployment
from raincheck.messaging.waking import wake
from raincheck.queueing.enqueue import EnqueueOptions, build_submission, compile_stored
from raincheck.queueing.run_handle import RunHandle, result_of
from raincheck.telemetry.tracing import annotate, continued_trace, span
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.pipelines import PipelineSpec, StepSpec
from raincheck_contracts.runs import StepState
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.execution.outcomes import Result
from raincheck_workers.liveness.heartbeat import Heartbeat
from raincheck_workers.liveness.identity import NodeIdentity
from raincheck_workers.telemetry.attempts import listen

# The caller's process beats beside the steps that it runs: see liveness/worker_node.py.
_LEASE = 60.0
_PAUSE = 0.02
# Seconds: somebody sits before it.
_PATIENCE = 30.0


def run_inline(
    pipeline: "Pipeline[..., Any]", args: tuple[object, ...], kwargs: Mapping[str, object]
) -> object:
    """Run a pipeline here, step after step, with the same records as a queued run.

    References wait only when they say so: the default wait of an inline run is 0.

    Returns:
        What the pipeline function returned, materialized.

    Raises:
        UsageError: the pipeline does not compile.
        SettingsError: OpenLineage is wanted and not installed.
        StepFailedError: a step failed.
        RunCancelledError: the run was cancelled.
    """
    deployment = current_deployment()
    listen(deployment.settings)
    compiled = compile_stored(deployment, pipeline, args, kwargs)
    with _registered(deployment) as place:
        with span(f"enqueue {compiled.spec.name}", "PRODUCER", pipeline=compiled.spec.name):
            submission = build_submission(
                deployment, compiled, EnqueueOptions(), inline_node=place.node()
            )
            run, _, _ = deployment.index.runs.submit(submission)
            annotate(run=run)
        handle = RunHandle(run, deployment)
        try:
            with continued_trace(submission.trace):
                _run_steps(deployment, handle, compiled.spec, place)
        except BaseException:
            with suppress(IndexUnavailableError):  # then the end of the node cancels it
                handle.cancel("interrupted where it ran")
            raise
        return result_of(deployment, handle.run())


@contextmanager
def _registered(deployment: Deployment) -> Generator[Place]:
    """A node for the time of a run: who dies while running is noticed."""
    identity = NodeIdentity()
    beat = Heartbeat(deployment.separate_index(), identity, _LEASE, deployment.hints)
    beat.register()
    beat.start()
    try:
        yield Place(identity.current, os.getpid(), identity.holdings)
    finally:
        beat.stop()


def _run_steps(deployment: Deployment, handle: RunHandle, spec: PipelineSpec, place: Place) -> None:
    executor = Executor(deployment, deployment.hints, place, patience=_PATIENCE)
    # As on the queue: a step that fails ends those that need it, not the others.
    for step in spec.steps:
        _run_step(deployment, executor, handle, spec, step)


def _run_step(
    deployment: Deployment,
    executor: Executor,
    handle: RunHandle,
    spec: PipelineSpec,
    step: StepSpec,
) -> None:
    """Run a step until it is final."""
    task = StepTask(
        namespace=deployment.settings.namespace, run=handle.id, pipeline=spec.name, step=step
    )
    state = StepState.QUEUED
    while state in {StepState.QUEUED, StepState.WAITING}:
        if state is StepState.QUEUED:
            outcome = executor.execute(task, "inline")
            if outcome.result is Result.SUCCEEDED:
                return
        else:
            _pass_time(deployment)
        state = deployment.index.records.stored_run(handle.id).state(step.name)
        if state is StepState.QUEUED:
            _pass_time(deployment)


def _pass_time(deployment: Deployment) -> None:
    """Wait for a retry or a publication; there may be no worker to wake the step."""
    wake(deployment.index, deployment.hints)
    messages, _ = deployment.index.runs.due(())
    deployment.hints.send(messages)
    time.sleep(_PAUSE)
