"""Builds what the index takes: versions, steps, pipelines, submissions."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from blake3 import blake3

from raincheck.index.entries import NewVersion
from raincheck.index.submission import Submission
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Binding, Manifest, Part, VersionRecord
from raincheck_contracts.models import ModelChoice
from raincheck_contracts.pipelines import (
    Input,
    OutputInput,
    OutputSpec,
    PipelineSpec,
    ReferenceInput,
    StepSpec,
)
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference

HOUR = 3_600_000  # milliseconds


def digest(text: str) -> str:
    """The digest of a text."""
    return "b3:" + blake3(text.encode()).hexdigest()


def nonce() -> str:
    """A new nonce or request id."""
    return secrets.token_hex(8)


def binding(
    version: str, *, artifact: str = "model", pointer: str | None = None, value: Any = None
) -> Binding:
    """What a reference to a version, or to its metadata, became."""
    return Binding(
        artifact=artifact,
        version=version,
        sequence=1,
        digest=digest(version),
        type="builtins.float",
        media_type="application/json",
        size=3,
        revision=7,
        pointer=pointer,
        value=value,
    )


def record(value: str = "1.5") -> VersionRecord:
    """The record of a float whose JSON text is `value`."""
    part = Part(
        name="data", media_type="application/json", digest=digest(value), size=len(value.encode())
    )
    manifest = Manifest(type="builtins.float", materializer="json@1", parts=(part,))
    return VersionRecord(digest=part.digest, manifest=manifest)


def new_version(
    artifact: str,
    version: str | None = None,
    *,
    output: str = "output",
    tags: tuple[str, ...] = (),
    metadata: Mapping[str, JsonValue] | None = None,
) -> NewVersion:
    """A version to publish, with its bytes inline."""
    return NewVersion(
        artifact=artifact,
        record=record(),
        version=version,
        output=output,
        inline=b"1.5",
        tags=tags,
        metadata=metadata or {},
    )


def waiting(text: str, seconds: float) -> Reference:
    """A reference that is waited for so many seconds."""
    return parse_reference(text, wait=seconds)


def output_of(step: str, output: str = "output") -> OutputInput:
    """An input that is an output of an earlier step."""
    return OutputInput(step=step, output=output)


def _input(need: str | Reference | OutputInput) -> Input:
    if isinstance(need, str):
        need = parse_reference(need)
    return ReferenceInput(reference=need) if isinstance(need, Reference) else need


def step(
    name: str,
    *needs: str | Reference | OutputInput,
    after: Sequence[str] = (),
    outputs: Sequence[str] = (),
    **limits: Any,
) -> StepSpec:
    """A step.

    Args:
        name: its name.
        needs: references and outputs of earlier steps, its parameters in order.
        after: steps that it needs without taking an output.
        outputs: artifacts; each output has the name of its artifact.
        limits: retries, retry_delay, timeout, queue.
    """
    producers = [need.step for need in needs if isinstance(need, OutputInput)]
    return StepSpec(
        name=name,
        function=f"steps:{name}",
        inputs={f"p{i}": _input(need) for i, need in enumerate(needs)},
        outputs=tuple(OutputSpec(name=artifact, artifact=artifact) for artifact in outputs),
        after=tuple(dict.fromkeys([*producers, *after])),
        **limits,
    )


def pipeline(
    *steps: StepSpec, bind: Literal["step", "run"] = "step", model: ModelChoice | None = None
) -> PipelineSpec:
    """A compiled pipeline of these steps."""
    return PipelineSpec(name="p", function="pipelines:p", steps=steps, bind=bind, model=model)


def submission(spec: PipelineSpec, **changes: Any) -> Submission:
    """A submission of a pipeline as a new run, waiting an hour for what is missing."""
    parameters = changes.get("parameters", "{}")
    body = spec.canonical_json()
    usual = Submission(
        run=f"run-{nonce()}",
        spec=spec,
        spec_digest=digest(body),
        step_digests={item.name: digest(item.canonical_json()) for item in spec.steps},
        parameters=parameters,
        request_digest=digest(body + parameters),
        queue="raincheck",
        wait_ms=HOUR,
    )
    return replace(usual, **changes)
