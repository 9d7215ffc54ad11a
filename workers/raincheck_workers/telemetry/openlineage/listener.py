"""Turns what is told of attempts into events, and hands those to the thread that sends."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from raincheck.index.entries import NewVersion
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.runs import ErrorInfo
from raincheck_workers.execution.lineage import bound_references
from raincheck_workers.telemetry.attempts import AttemptFacts, AttemptListener, AttemptReport
from raincheck_workers.telemetry.openlineage import events
from raincheck_workers.telemetry.openlineage.event_thread import EventThread

if TYPE_CHECKING:
    from raincheck_workers.execution.inputs import BoundInputs


class OpenLineageListener(AttemptListener):
    """Tells of attempts.

    Args:
        thread: sends; it is running.
    """

    def __init__(self, thread: EventThread) -> None:
        self._thread = thread

    @override
    def started(self, facts: AttemptFacts, inputs: "BoundInputs | None") -> AttemptReport:
        attempt, now = _attempt(facts, inputs), time.time()
        self._thread.add(lambda: events.start(attempt, now))
        return _Report(self._thread, attempt)


class _Report(AttemptReport):
    """Tells of the end of an attempt."""

    def __init__(self, thread: EventThread, attempt: events.Attempt) -> None:
        self._thread = thread
        self._attempt = attempt

    @override
    def succeeded(self, outputs: Sequence[NewVersion], names: Mapping[str, str]) -> None:
        attempt, now, given = self._attempt, time.time(), tuple(outputs)
        self._thread.add(lambda: events.complete(attempt, now, given, names))

    @override
    def failed(self, error: ErrorInfo) -> None:
        attempt, now = self._attempt, time.time()
        self._thread.add(lambda: events.fail(attempt, now, error))

    @override
    def aborted(self, why: str) -> None:
        attempt, now = self._attempt, time.time()
        self._thread.add(lambda: events.abort(attempt, now, why))


def _attempt(facts: AttemptFacts, inputs: "BoundInputs | None") -> events.Attempt:
    """With values as they are now: the step may change the lists and dicts that it is given."""
    if inputs is None:
        return events.Attempt(facts)
    records: dict[tuple[str, str], VersionRecord] = {}
    for answers in inputs.answers.values():
        for bound, _ in answers:
            records.setdefault((bound.artifact, bound.version), bound.record)
    return events.Attempt(
        facts,
        bound_references(inputs).bound,
        tuple((artifact, version, record) for (artifact, version), record in records.items()),
    )
