"""From a pipeline and its triggers to what is deployed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from raincheck.authoring.pipeline import Pipeline
from raincheck.authoring.triggers import SubscriptionOptions, parts_of
from raincheck.blobs.digest import digest_of
from raincheck.deployment import Deployment
from raincheck.durations import Duration, seconds_of
from raincheck.index.deployable import Deployable
from raincheck.index.replies import Message
from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck.messaging.hints import check_message_size
from raincheck.queueing.enqueue import compile_stored
from raincheck_contracts._base import canonical_json
from raincheck_contracts.errors import ArgumentError, CompileError
from raincheck_contracts.pipelines import PipelineSpec, triggering_references
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.subscriptions import SUBSCRIPTION_NAME_PATTERN, SubscriptionDefinition

_NAME = "Give name=, up to 64 letters, digits and . _ -"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How the runs of a subscription are queued."""

    parameters: Mapping[str, object] | None = None
    queue: str | None = None
    priority: int | None = None
    wait: Duration | None = None


def build_deployable(
    deployment: Deployment,
    pipeline: Pipeline[..., Any],
    name: str,
    subscribing: SubscriptionOptions,
    running: RunOptions,
) -> Deployable:
    """Compile a pipeline for its subscription.

    Raises:
        UsageError: it does not compile, or an option cannot be used; says which and why.
        StoreError: an external artifact cannot be stored.
    """
    if re.fullmatch(SUBSCRIPTION_NAME_PATTERN, name) is None:
        raise ArgumentError("subscribe", f"{name!r} is no name of a subscription", _NAME)
    compiled = compile_stored(deployment, pipeline, (), running.parameters or {})
    spec, parameters = compiled.spec, canonical_json(compiled.parameters)
    text = spec.canonical_json()
    options = dict(subscribing)
    parts = parts_of(subscribing.get("triggers", ()))
    options.pop("triggers", None)
    options["requires"] = tuple(map(_reference, subscribing.get("requires", ())))
    wait = None if running.wait is None else seconds_of(running.wait, setting="wait")
    try:
        definition = SubscriptionDefinition.model_validate(
            {
                "name": name,
                "pipeline": spec.name,
                "function": spec.function,
                "parameters": compiled.parameters,
                "spec": digest_of(text.encode()),
                "all_of": parts,
                "queue": running.queue,
                "priority": running.priority,
                "wait": wait,
                **options,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(item) for item in first["loc"])
        raise ArgumentError("subscribe", f"{where}: {first['msg']}", _OPTIONS) from error
    check_triggering(spec, definition)
    queue = running.queue or DEFAULT_QUEUE
    made = Deployable(
        definition=definition,
        digest=digest_of(definition.canonical_json().encode()),
        spec=spec,
        step_digests={s.name: digest_of(s.canonical_json().encode()) for s in spec.steps},
        parameters=parameters,
        request_digest=digest_of(f"{text}\n{parameters}".encode()),
        queue=queue,
        wait_ms=round((deployment.settings.wait if wait is None else wait) * 1000),
    )
    _check_messages(deployment, made)
    return made


_OPTIONS = "The options are triggers, requires, group, limit, when_full, feedback, max_depth"
# A run id has up to 200 characters: two names of 64, a generation, a version.
_LONGEST_RUN_ID = "x" * 200


def _check_messages(deployment: Deployment, made: Deployable) -> None:
    for step in made.spec.steps:
        body, priority = step.canonical_json(), made.definition.priority
        queue = step.queue or made.queue
        message = Message(_LONGEST_RUN_ID, made.spec.name, queue, priority, body)
        check_message_size(deployment.settings.namespace, message)


def _reference(given: Reference | str) -> Reference:
    return parse_reference(given) if isinstance(given, str) else given


def check_triggering(spec: PipelineSpec, definition: SubscriptionDefinition) -> None:
    """Refuse a `triggering(...)` that a run of the subscription may not have.

    Raises:
        CompileError: names the step and the artifact.
    """
    always = {
        part[0].artifact
        for part in definition.all_of
        if len({condition.artifact for condition in part}) == 1
    }
    ever = {condition.artifact for part in definition.all_of for condition in part}
    for step, reference in triggering_references(spec):
        name = reference.artifact
        if name not in ever:
            problem = f"it takes triggering({name!r}), and no trigger is about {name!r}"
            remedy = f"The triggers are about {', '.join(sorted(ever))}"
            raise CompileError(spec.name, step, "", problem, remedy)
        if name not in always and not reference.listed:
            problem = f"it takes triggering({name!r}), and another artifact may start it as well"
            remedy = f"Take triggering({name!r}, as_list=True), which may be empty"
            raise CompileError(spec.name, step, "", problem, remedy)


def loops(spec: PipelineSpec, definition: SubscriptionDefinition) -> list[str]:
    """The artifacts that the pipeline both publishes and is started by."""
    outputs = {output.artifact for step in spec.steps for output in step.outputs}
    triggers = {condition.artifact for part in definition.all_of for condition in part}
    return sorted(outputs & triggers)
