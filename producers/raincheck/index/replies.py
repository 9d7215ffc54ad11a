"""What the Lua functions answer, as typed values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from raincheck.index.connection import text
from raincheck.index.packing import (
    unpack_counts,
    unpack_missing,
    unpack_model,
    unpack_trigger,
)
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.models import RunModel
from raincheck_contracts.runs import MissingReference
from raincheck_contracts.subscriptions import TriggeringEvent


@dataclass(frozen=True, slots=True)
class Message:
    """A ready step whose hint is to be sent."""

    run: str
    pipeline: str
    queue: str
    priority: int | None
    body: str
    """Canonical JSON of the `StepSpec`."""
    retries: int = 0
    """How often the run was retried."""
    trace: str = ""
    """Trace context of whoever submitted the run."""


@dataclass(frozen=True, slots=True)
class BoundVersion:
    """One reference's answer, as the index gives it."""

    artifact: str
    version: str
    sequence: int
    record: VersionRecord
    inline: bytes | None
    """The value's bytes when the index keeps them."""
    metadata: str | None
    """Raw JSON of the top-level metadata key, for a metadata reference."""
    namespace: str | None = None
    """The fall-back that has the version; None for the own namespace."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The step is this attempt's; every later write shows the fence."""

    fence: str
    attempt: int
    revision: int
    values: tuple[BoundVersion, ...]
    """In the order of `needs_of(step)`; a list of versions in its place."""
    counts: tuple[int, ...]
    """How many of the values are those of each need."""
    trigger: tuple[TriggeringEvent, ...] = ()
    """The events that started the run."""
    model: RunModel | None = None
    """The version of a model that the run works on."""


@dataclass(frozen=True, slots=True)
class Parked:
    """The step waits in the index for what it misses."""

    missing: tuple[MissingReference, ...]


@dataclass(frozen=True, slots=True)
class Unresolvable:
    """The step has failed: its references cannot be resolved, or not in time."""

    missing: tuple[MissingReference, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The delivery must not run the step."""

    code: str
    """REFUSED (someone else's or over), FORGED, NODE_UNKNOWN or EARLY."""
    detail: str


@dataclass(frozen=True, slots=True)
class Published:
    """A change of the index was made."""

    version: str
    revision: int
    dirty: bool
    """Whether steps that wait for it are to be woken."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The step has succeeded and its outputs are published."""

    revision: int
    dirty: bool
    drain: bool
    """Whether the worker is shutting down and should take no further step."""
    outputs: dict[str, str]
    """Output -> `artifact@version`."""
    messages: tuple[Message, ...]
    """Steps that this made ready."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An attempt that a process of a node holds, as the index believes."""

    member: str
    """`run/step`."""
    pid: int
    fence: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat."""

    known: bool
    """False when the node has been reaped: it must kill its children and register anew."""
    tick: int
    running: tuple[Holding, ...] = ()
    kill: tuple[tuple[str, int], ...] = ()
    """`run/step` and the process to kill."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue's steps that are ready and not yet claimed."""

    queue: str
    steps: int
    age: float
    """Seconds since the oldest of them was queued; 0 without one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How much waits and runs, read at one moment."""

    waiting: int
    live_runs: int
    nodes: int
    resent: int
    """Hints that were sent again because they were lost or overdue, ever."""
    bad: int
    """Messages that were put aside, ever."""
    queues: tuple[QueueFigures, ...]


def message(reply: Sequence[Any]) -> Message:
    """The seven values of a message."""
    run, pipeline, queue, priority, body, retries, trace = (text(item) for item in reply)
    first = int(priority) if priority else None
    return Message(run, pipeline, queue, first, body, int(retries), trace)


def messages(reply: Sequence[Any]) -> tuple[Message, ...]:
    """A list of messages."""
    return tuple(message(item) for item in reply if item)


# A model and its metrics are bound together: their record is read once.
@lru_cache(maxsize=1_024)
def version_record(raw: bytes) -> VersionRecord:
    """The publisher's record of a version, which never changes."""
    return VersionRecord.model_validate_json(raw)


def bound_version(reply: Sequence[Any], namespace: str = "") -> BoundVersion:
    """The six values of a binding.

    Args:
        reply: those, and a seventh where it tells the fall-back that has the version.
        namespace: that fall-back, where it is told apart from them.
    """
    artifact, version, sequence, record, inline, metadata, *told = reply
    return BoundVersion(
        text(artifact),
        text(version),
        int(sequence),
        version_record(record),
        inline,
        None if metadata is None else text(metadata),
        (text(told[0]) if told else namespace) or None,
    )


def claim(reply: Sequence[Any]) -> Claimed | Parked | Unresolvable | Refused:
    """The answer to a claim."""
    code = text(reply[0])
    match code:
        case "BOUND":
            count, values = int(reply[4]), reply[5:]
            trigger, counts, *told = (text(item) for item in values[6 * count :])
            namespaces = told[1].split(",") if told[1:] and told[1] else [""] * count
            return Claimed(
                text(reply[1]),
                int(reply[2]),
                int(reply[3]),
                tuple(
                    bound_version(values[6 * i : 6 * i + 6], namespaces[i]) for i in range(count)
                ),
                unpack_counts(counts),
                unpack_trigger(trigger),
                unpack_model(told[0] if told else ""),
            )
        case "PARKED":
            return Parked(unpack_missing(text(reply[1])))
        case "FAILED":
            return Unresolvable(unpack_missing(text(reply[1])))
        case _:
            return Refused(code, text(reply[1]))


def figures(reply: Sequence[Any]) -> Figures:
    """The answer of `figures`."""
    waiting, live_runs, nodes, resent, bad, *queues = reply
    return Figures(
        int(waiting),
        int(live_runs),
        int(nodes),
        int(resent),
        int(bad),
        tuple(QueueFigures(text(name), int(steps), int(age) / 1000) for name, steps, age in queues),
    )


def completed(reply: Sequence[Any]) -> Completed:
    """The answer to a `complete` that was done."""
    outputs = {text(name): f"{text(a)}@{text(v)}" for name, a, v in reply[4]}
    return Completed(
        int(reply[1]),
        text(reply[2]) == "1",
        text(reply[3]) == "1",
        outputs,
        messages(reply[5]),
    )


def published(reply: Sequence[Any]) -> Published:
    """The answer to a publication, metadata entry, tag or alias move that was done."""
    return Published(text(reply[1]), int(reply[2]), text(reply[3]) == "1")
