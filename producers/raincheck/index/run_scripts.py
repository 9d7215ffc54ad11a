"""Typed signatures of the Lua functions that move runs and steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from raincheck.index import replies
from raincheck.index.connection import Argument, Connection, text
from raincheck.index.entries import ForeignMetadata, NewVersion, model_arguments
from raincheck.index.packing import ITEM
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import (
    Claimed,
    Completed,
    Message,
    Parked,
    Refused,
    Unresolvable,
)
from raincheck.index.submission import Submission
from raincheck_contracts.errors import (
    IdempotencyConflictError,
    InvalidWriteError,
    RunNotFoundError,
    RunNotRetryableError,
    StaleFenceError,
)
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.runs import ErrorInfo


class RunScripts:
    """submit, claim, decline, complete, fail, cancel, retry, wake, due, trim."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def submit(self, submission: Submission) -> tuple[str, tuple[str, ...], bool]:
        """Record a run; the same run id or idempotency key gives the same run.

        Returns:
            The run's id, its steps whose hints are to be sent now, and whether it is new.

        Raises:
            IdempotencyConflictError: the key belongs to another request.
            InvalidWriteError: the run is over a limit, or its inline node is unknown.
        """
        reply = self._connection.call("submit", *submission.arguments())
        code, run = text(reply[0]), text(reply[1])
        match code:
            case "NEW":
                return run, tuple(text(step) for step in reply[2:]), True
            case "OLD":
                return run, (), False
            case "CONFLICT":
                key = submission.idempotency_key or submission.run
                raise IdempotencyConflictError(submission.spec.name, key, run)
            case _:
                raise InvalidWriteError(f"submit was refused: {code} {run}")

    def claim(
        self, run: str, step: str, *, digest: str, delivery: "Delivery", references: str
    ) -> Claimed | Parked | Unresolvable | Refused:
        """Ask to run a step; binds its references when it is allowed.

        Args:
            run: id of the run.
            step: name of the step.
            digest: of the step's canonical JSON as it stood in the message.
            delivery: who asks; the same delivery may ask again.
            references: `pack_needs(needs_of(step))`.
        """
        reply = self._connection.call(
            "claim",
            run,
            step,
            digest,
            delivery.nonce,
            delivery.node,
            delivery.pid,
            delivery.task,
            references,
        )
        return replies.claim(reply)

    def decline(self, run: str, step: str, reason: str) -> str:
        """Give back a step that this worker's code lacks; LATER, FAILED or REFUSED."""
        return text(self._connection.call("decline", run, step, reason)[0])

    def complete(
        self,
        attempt: "Attempt",
        outputs: Sequence[NewVersion],
        foreign: Sequence[ForeignMetadata] = (),
        bound: BoundReferences | None = None,
        model: NewVersion | None = None,
    ) -> Completed:
        """Publish a step's outputs and end it, in one step.

        Args:
            attempt: whose fence is shown.
            outputs: what it made.
            foreign: metadata that it logs to versions of others.
            bound: what it had bound, to be kept with what it made.
            model: of a run with a model: the version of it that is made if the run has none
                yet, and what the step logs to it.

        Returns:
            What was published.

        Raises:
            StaleFenceError: the attempt no longer owns the step; nothing was written.
            VersionExistsError, VersionNameError, MetadataConflictError,
            ReferenceNotFoundError, InvalidWriteError: an output or entry is refused;
                nothing was written.
        """
        arguments: list[Argument] = [attempt.run, attempt.step, attempt.fence, attempt.node]
        for group in (outputs, foreign):
            arguments.append(len(group))
            for item in group:
                arguments += item.arguments()
        arguments.append(bound.canonical_json() if bound else "")
        loaded = bound.loaded if bound else ()
        arguments.append(ITEM.join(name.replace("@", ":", 1) for name in loaded))
        if model is not None:
            arguments += model_arguments(model)
        reply = self._connection.call("complete", *arguments)
        code = text(reply[0])
        if code == "STALE":
            raise StaleFenceError(attempt.run, attempt.step)
        if code != "DONE":
            raise refused_write(reply)
        completed = replies.completed(reply)
        self._connection.seen(completed.revision)
        return completed

    def fail(self, attempt: "Attempt", kind: str, error: ErrorInfo) -> tuple[str, Message | None]:
        """End an attempt that failed.

        Args:
            attempt: whose fence is shown.
            kind: `error` uses up a try, `final` fails at once, `environment` is the
                worker's own trouble and is tried elsewhere, three times at most.
            error: what happened.

        Returns:
            `retry` or `failed`, and the message to send when the retry is due now.

        Raises:
            StaleFenceError: the attempt no longer owns the step.
        """
        reply = self._connection.call(
            "fail",
            attempt.run,
            attempt.step,
            attempt.fence,
            attempt.node,
            kind,
            error.canonical_json(),
        )
        if text(reply[0]) == "STALE":
            raise StaleFenceError(attempt.run, attempt.step)
        again = reply[2] if len(reply) > 2 else None  # noqa: PLR2004 - the message is optional
        return text(reply[1]), replies.message(again) if again else None

    def cancel(self, run: str, reason: str) -> str | None:
        """End a live run.

        Returns:
            None, or the state in which the run had ended already (S, F or C).

        Raises:
            RunNotFoundError: no such run.
        """
        reply = self._connection.call("cancel", run, reason)
        code = text(reply[0])
        if code == "UNKNOWN":
            raise RunNotFoundError(run)
        return text(reply[1]) if code == "FINAL" else None

    def retry(
        self, run: str, *, earlier: int, rebind: bool, inline_wait_ms: int
    ) -> tuple[int, tuple[Message, ...]]:
        """Let the steps of an ended run that did not succeed run again.

        Args:
            run: id of the run.
            earlier: how often it was retried before; the same count again has no effect.
            rebind: whether their references are resolved again.
            inline_wait_ms: default wait of a run that was inline: it is queued now.

        Returns:
            How many steps run again, and the messages of those that are ready.

        Raises:
            RunNotFoundError: no such run.
            RunNotRetryableError: it is live or succeeded, or `rebind` would mix versions.
        """
        reply = self._connection.call("retry", run, earlier, int(rebind), inline_wait_ms)
        code = text(reply[0])
        if code == "DONE":
            return int(reply[1]), replies.messages(reply[2:])
        if code == "UNKNOWN":
            raise RunNotFoundError(run)
        raise RunNotRetryableError(run, code if code == "BOUND_WHOLE" else text(reply[1]))

    def wake(self, limit: int = 64) -> tuple[tuple[Message, ...], bool]:
        """Look at up to `limit` waiters of changed wait keys.

        Returns:
            The messages of those now ready, and whether more are left to look at.
        """
        more, *rest = self._connection.call("wake", limit)
        return replies.messages(rest), text(more) == "1"

    def trim(self, most_events: int = 1_000_000) -> bool:
        """Forget events and ended runs after their time; whether more may be left.

        Args:
            most_events: to keep; older ones are forgotten before their time.
        """
        return text(self._connection.call("trim", most_events)) == "1"

    def due(self, queues_with_room: Sequence[str]) -> tuple[tuple[Message, ...], int]:
        """Do what time brings and find the hints to send again.

        Args:
            queues_with_room: queues short enough to take more messages.

        Returns:
            The messages to send, and milliseconds until the next timer (-1: none).
        """
        wait, *rest = self._connection.call("due", *queues_with_room)
        return replies.messages(rest), int(wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery of a message to a process."""

    nonce: str
    """16 hex digits, made once per delivery by `secrets.token_hex(8)`."""
    node: str
    pid: int
    task: str
    """Celery's task id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The attempt that owns a step: what every later write must show."""

    run: str
    step: str
    fence: str
    node: str
