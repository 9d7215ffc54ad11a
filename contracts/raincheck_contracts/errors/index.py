"""Errors: the index is away, or refused a call."""

import difflib

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError

#: Of the names that there are, so many are told.
_NAMED = 6


class IndexAccessError(RaincheckError):
    """The index refused a call."""


class IndexUnavailableError(IndexAccessError, ConnectionError):
    """The index does not answer, or not now."""

    def __init__(self, url: str, problem: str, remedy: str = "") -> None:
        super().__init__(url, problem, remedy)
        self.url = url
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"the index at {self.url} {self.problem}" + _sentence(self.remedy)


class IndexProtocolError(IndexAccessError):
    """The index was written by another version, or its server cannot hold one."""

    def __init__(self, url: str, problem: str, remedy: str = "") -> None:
        super().__init__(url, problem, remedy)
        self.url = url
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"the index at {self.url}: {self.problem}" + _sentence(self.remedy)


def _sentence(remedy: str) -> str:
    return f". {remedy}" if remedy else ""


class StaleFenceError(IndexAccessError):
    """The attempt no longer owns its step; its write was refused."""

    def __init__(self, run: str, step: str) -> None:
        super().__init__(run, step)
        self.run = run
        self.step = step

    @override
    def __str__(self) -> str:
        return (
            f"step {self.step!r} of run {self.run} is no longer this attempt's: nothing was written"
        )


class VersionExistsError(IndexAccessError, ValueError):
    """A version is created once."""

    def __init__(self, artifact: str, version: str) -> None:
        super().__init__(artifact, version)
        self.artifact = artifact
        self.version = version

    @override
    def __str__(self) -> str:
        return (
            f"{self.artifact}@{self.version} exists already. Leave the version out to get the "
            "next number."
        )


class VersionNameError(IndexAccessError, ValueError):
    """A number that the index has passed, or one too far ahead."""

    def __init__(self, artifact: str, version: str, expected: str) -> None:
        super().__init__(artifact, version, expected)
        self.artifact = artifact
        self.version = version
        self.expected = expected

    @override
    def __str__(self) -> str:
        return (
            f"{self.artifact}@{self.version}: the index counts, next is {self.expected}. Leave the "
            "version out, give a number at most 999 above that, or a name that is no number."
        )


class MetadataConflictError(IndexAccessError, ValueError):
    """A metadata key is written once."""

    def __init__(self, version: str, key: str, old: str, new: str) -> None:
        super().__init__(version, key, old, new)
        self.version = version
        self.key = key
        self.old = old
        self.new = new

    @override
    def __str__(self) -> str:
        return (
            f"{self.version} has {self.key}={self.old} already, refused {self.new}. A "
            "re-measured value belongs under another key."
        )


class IdempotencyConflictError(IndexAccessError, ValueError):
    """An idempotency key was used for another request."""

    def __init__(self, pipeline: str, key: str, run: str) -> None:
        super().__init__(pipeline, key, run)
        self.pipeline = pipeline
        self.key = key
        self.run = run

    @override
    def __str__(self) -> str:
        return (
            f"idempotency key {self.key!r} of pipeline {self.pipeline!r} belongs to run "
            f"{self.run}, which had another compiled pipeline or other parameters"
        )


class RunNotRetryableError(IndexAccessError):
    """A run cannot run again as it stands."""

    def __init__(self, run: str, why: str) -> None:
        super().__init__(run, why)
        self.run = run
        self.why = why
        """`live`, `S` (succeeded), `BOUND_WHOLE`, or a final state: another was faster."""

    @override
    def __str__(self) -> str:
        match self.why:
            case "live":
                problem = "it has not ended. Wait for its end, or cancel it first"
            case "S":
                problem = "it succeeded. Queue the pipeline again"
            case "BOUND_WHOLE":
                problem = (
                    "its references were bound for the whole run, and steps have succeeded on "
                    "those versions. Retry without rebind, or queue the pipeline again"
                )
            case _:
                problem = "it was retried in the meantime, and has ended again. Look at it anew"
        return f"run {self.run} cannot be retried: {problem}"


class RunNotFoundError(IndexAccessError, LookupError):
    """No run of that id is in the index."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run

    @override
    def __str__(self) -> str:
        return f"there is no run {self.run}; finished runs are kept for 7 days, failed ones for 30"


class EventPositionError(IndexAccessError, ValueError):
    """The event log cannot be read from there on without a gap."""

    def __init__(self, position: str, problem: str, remedy: str) -> None:
        super().__init__(position, problem, remedy)
        self.position = position
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"position {self.position} in the event log {self.problem}. {self.remedy}"


class InvalidWriteError(IndexAccessError, ValueError):
    """A write that the index refuses as a whole."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    @override
    def __str__(self) -> str:
        return self.problem


class EmbeddedServerError(RaincheckError):
    """The embedded server cannot be started."""

    def __init__(self, home: str, problem: str, log: str) -> None:
        super().__init__(home, problem, log)
        self.home = home
        self.problem = problem
        self.log = log

    @override
    def __str__(self) -> str:
        return (
            f"the embedded server in {self.home} did not start: {self.problem}. Its log: {self.log}"
        )


class SubscriptionNotFoundError(IndexAccessError, LookupError):
    """No subscription has that name."""

    def __init__(self, name: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    @override
    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name, self.known, n=3)
        if near:
            return f"no subscription is named {self.name!r}; did you mean {' or '.join(near)}?"
        known = ", ".join(self.known[:_NAMED])
        if len(self.known) > _NAMED:
            known += f" and {len(self.known) - _NAMED} more"
        said = f"there are {known}" if known else "there are none"
        return f"no subscription is named {self.name!r}; {said}"


class BackfillRefusedError(IndexAccessError):
    """A backfill cannot do what is asked."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"subscription {self.name!r} cannot be backfilled: {self.problem}"


class SubscriptionMovedError(IndexAccessError):
    """Somebody else has deployed the subscription in the meantime; nothing was written."""

    def __init__(self, name: str, expected: int, version: int) -> None:
        super().__init__(name, expected, version)
        self.name = name
        self.expected = expected
        self.version = version

    @override
    def __str__(self) -> str:
        return (
            f"subscription {self.name!r} is at deployment {self.version} now, not at "
            f"{self.expected}: somebody has deployed it in the meantime. Look at the difference "
            "again"
        )


class SubscriptionStateError(IndexAccessError):
    """What was asked of a subscription does not go with its state."""

    def __init__(self, name: str, state: str, wanted: str) -> None:
        super().__init__(name, state, wanted)
        self.name = name
        self.state = state
        self.wanted = wanted

    @override
    def __str__(self) -> str:
        remedy = (
            "Choose: resume --skip-gap goes on after the events that are missing, and a backfill "
            "starts what they would have started"
            if self.state == "lagged"
            else f"It is {self.state}"
        )
        return f"cannot {self.wanted} subscription {self.name!r}, which is {self.state}. {remedy}"
