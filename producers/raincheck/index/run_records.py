"""A run's records in the index as contracts: status, bindings, errors in words."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raincheck.index.connection import text
from raincheck.index.packing import (
    FIELD,
    ITEM,
    bound_name,
    unpack_counts,
    unpack_missing,
    unpack_model,
    unpack_trigger,
)
from raincheck_contracts.artifacts import Binding, VersionRecord
from raincheck_contracts.errors import MetadataPointerError
from raincheck_contracts.pointers import follow, tokens_of
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import (
    ErrorInfo,
    Fork,
    Loss,
    MissingReference,
    Run,
    RunStatus,
    StepRun,
    StepState,
)
from raincheck_contracts.subscriptions import Trigger

_STATES = {
    "P": StepState.PENDING,
    "Q": StepState.QUEUED,
    "W": StepState.WAITING,
    "R": StepState.RUNNING,
    "S": StepState.SUCCEEDED,
    "F": StepState.FAILED,
    "C": StepState.CANCELLED,
    "K": StepState.SKIPPED,
}
FINAL_STATUS = {"S": RunStatus.SUCCEEDED, "F": RunStatus.FAILED, "C": RunStatus.CANCELLED}
_REASONS = {
    "lost": (
        "raincheck.WorkerLost",
        "its process ended thrice while it ran, or its worker ten times",
    ),
    "declined": ("raincheck.StepUnknown", "no worker knows its function"),
    "timeout": ("builtins.TimeoutError", "it ran longer than its timeout"),
}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The raw records of a run."""

    run: str
    record: Mapping[str, bytes]
    steps: Mapping[str, Mapping[str, bytes]]
    """By step, in the order of the pipeline."""

    def state(self, step: str) -> StepState:
        """State of a step."""
        return _STATES[text(self.record[f"s:{step}"])]


def read_run(stored: StoredRun) -> Run:
    """The contract form of a run."""
    record = stored.record
    return Run(
        id=stored.run,
        pipeline=text(record["pipeline"]),
        status=run_status(stored),
        parameters=json.loads(record["params"]),
        submitted_at=int(record["submitted"]),
        ended_at=int(record["ended"]) if "ended" in record else None,
        steps=tuple(_step_run(stored, step) for step in stored.steps),
        reason=text(record["reason"]) if "reason" in record else None,
        depth=int(record.get("depth", 0)),
        trigger=_trigger(record),
        fork=Fork.model_validate_json(record["fork"]) if "fork" in record else None,
        model=unpack_model(text(record.get("model"))),
    )


def _trigger(record: Mapping[str, bytes]) -> Trigger | None:
    if "lane" not in record:  # a fork has the events too, and was not started by them
        return None
    subscription, _, backfill = text(record["lane"]).partition("|")
    return Trigger(
        subscription=subscription,
        events=unpack_trigger(text(record["trigger"])),
        count=int(record["triggers"]),
        backfill=int(backfill) if backfill else None,
    )


def run_status(stored: StoredRun) -> RunStatus:
    """The status that a person sees."""
    final = FINAL_STATUS.get(text(stored.record["state"]))
    if final is not None:
        return final
    states = {stored.state(step) for step in stored.steps}
    if StepState.RUNNING in states:
        return RunStatus.RUNNING
    if StepState.QUEUED not in states and StepState.WAITING in states:
        return RunStatus.WAITING
    started = any("started" in details for details in stored.steps.values())
    return RunStatus.RUNNING if started else RunStatus.QUEUED


def _step_run(stored: StoredRun, step: str) -> StepRun:
    details = stored.steps[step]
    missing = unpack_missing(text(details.get("missing")))
    return StepRun(
        run=stored.run,
        step=step,
        state=stored.state(step),
        attempt=int(details.get("attempt", 0)),
        lost=int(details.get("lost", 0)),
        node=text(details["node"]) if "node" in details else None,
        started_at=int(details["started"]) if "started" in details else None,
        ended_at=int(details["ended"]) if "ended" in details else None,
        parked_at=int(details["first_park"]) if "first_park" in details else None,
        not_before=int(details["not_before"]) if "not_before" in details else None,
        bindings=_bindings(details),
        revision=int(details["brev"]) if "brev" in details else None,
        losses=_losses(details),
        missing=missing,
        outputs={
            name[2:]: text(value).replace(FIELD, "@")
            for name, value in details.items()
            if name.startswith("o:")
        },
        cached_from=text(details["cached"]) if "cached" in details else None,
        awaits=_awaits(stored.state(step), details),
        error=_error(details, missing),
        reason=_reason(stored.state(step), details),
    )


def _awaits(state: StepState, details: Mapping[str, bytes]) -> str | None:
    if state is not StepState.WAITING or "awaits" not in details:
        return None
    return text(details["awaits"]).partition(FIELD)[0]


def _losses(details: Mapping[str, bytes]) -> tuple[Loss, ...]:
    losses: list[Loss] = []
    while (packed := details.get(f"l{len(losses) + 1}")) is not None:
        at, attempt, node, pid, why = text(packed).split(FIELD)
        loss = Loss(at=int(at), attempt=int(attempt), node=node, pid=int(pid), why=why)
        losses.append(loss)
    return tuple(losses)


def _reason(state: StepState, details: Mapping[str, bytes]) -> str | None:
    if "reason" in details:
        return text(details["reason"])
    if state is StepState.QUEUED and "declined" in details and "started" not in details:
        return f"given back by a worker: {text(details['declined'])}"
    return None


def _error(details: Mapping[str, bytes], missing: tuple[MissingReference, ...]) -> ErrorInfo | None:
    reason = text(details.get("reason"))
    if reason == "unresolved":
        return ErrorInfo(
            type="raincheck_contracts.errors.ReferenceNotFoundError",
            message="; ".join(map(str, missing)),
            retryable=False,
        )
    if reason in _REASONS:
        kind, message = _REASONS[reason]
        detail = f" ({text(details['declined'])})" if reason == "declined" else ""
        return ErrorInfo(type=kind, message=message + detail, retryable=False)
    if "error" in details:
        return ErrorInfo.model_validate_json(details["error"])
    return None


def _bound_names(packed: str, counts: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """For each binding its reference as written, and what tells it from others of a list."""
    for item, count in zip(packed.split(ITEM) if packed else (), counts, strict=True):
        written, _, kind, *_ = item.split(FIELD)
        if kind == "o":
            yield written, written
            continue
        reference = parse_reference(written)
        for place in range(count):
            yield written, bound_name(reference, place)


def _bindings(details: Mapping[str, bytes]) -> dict[str, Binding]:
    if "bn" not in details:
        return {}
    revision = int(details["brev"])
    bindings: dict[str, Binding] = {}
    names = _bound_names(text(details["refs"]), unpack_counts(text(details["bc"])))
    for i, (written, name) in enumerate(names, 1):
        artifact, version, sequence, *namespace = text(details[f"b{i}"]).split(FIELD)
        raw = details.get(f"m{i}")
        # A pointer that finds nothing has failed the step; it is left out here.
        with contextlib.suppress(MetadataPointerError):
            bindings[name] = binding_of(
                (artifact, version, int(sequence)),
                VersionRecord.model_validate_json(details[f"r{i}"]),
                revision=revision,
                written=written,
                metadata=None if raw is None else text(raw),
                namespace=namespace[0] if namespace else None,
            )
    return bindings


def binding_of(
    version: tuple[str, str, int],
    record: VersionRecord,
    *,
    revision: int,
    written: str,
    metadata: str | None,
    namespace: str | None = None,
) -> Binding:
    """The contract form of one binding.

    Args:
        version: artifact, version name, sequence.
        record: of the version.
        revision: of the index when it was bound.
        written: the reference as written.
        metadata: raw JSON of the top-level metadata key, for a metadata reference.
        namespace: the fall-back that has the version; None is the own one.

    Raises:
        MetadataPointerError: the pointer finds nothing below that key.
    """
    artifact, name, sequence = version
    pointer, value = None, None
    if metadata is not None:
        pointer = parse_reference(written).pointer or ""
        try:
            value = follow(json.loads(metadata), tokens_of(pointer)[1:])
        except LookupError as error:
            raise MetadataPointerError(written, str(error)) from error
    return Binding(
        artifact=artifact,
        version=name,
        sequence=sequence,
        digest=record.digest,
        type=record.manifest.type,
        media_type=record.manifest.parts[0].media_type,
        size=record.manifest.size,
        revision=revision,
        pointer=pointer,
        value=value,
        namespace=namespace,
    )
