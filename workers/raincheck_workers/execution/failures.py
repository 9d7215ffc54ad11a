"""Errors of an attempt, sorted by whose they are."""

import traceback
from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Literal

from raincheck.redaction import redact
from raincheck_contracts.errors import (
    BlobMissingError,
    BlobWriteError,
    IndexUnavailableError,
    MaterializerNotFoundError,
    RaincheckError,
    StaleFenceError,
)
from raincheck_contracts.runs import ErrorInfo

Phase = Literal["bind", "load", "call", "dump", "complete"]
Kind = Literal["error", "final", "environment"]

_MAX_TEXT = 8_000


class Failure(Exception):  # noqa: N818 - carries an error, is none of its own
    """An attempt's error with its kind; never leaves the executor."""

    def __init__(self, kind: Kind, cause: BaseException) -> None:
        super().__init__(kind, cause)
        self.kind: Kind = kind
        self.cause = cause


@contextmanager
def classify(phase: Phase) -> Generator[None]:
    """Turn what is raised in a phase of an attempt into a `Failure`.

    Raises:
        Failure: the phase failed.
        StaleFenceError, IndexUnavailableError: from `complete`; no attempt can record them.
    """
    try:
        yield
    except Failure:
        raise
    except (Exception, SystemExit) as error:
        if phase == "complete" and isinstance(error, StaleFenceError | IndexUnavailableError):
            raise
        raise Failure(_kind(phase, error), error) from error


def _kind(phase: Phase, error: BaseException) -> Kind:
    if isinstance(error, IndexUnavailableError | BlobWriteError):
        return "environment"
    if phase == "call":
        # What the step's own code raises may go away; what Raincheck refuses will not.
        return "final" if isinstance(error, RaincheckError) else "error"
    if phase in {"load", "dump"}:
        elsewhere = (OSError, MemoryError, ImportError, BlobMissingError)
        if isinstance(error, elsewhere):
            return "environment"
        if phase == "load" and isinstance(error, MaterializerNotFoundError):
            return "environment"
    return "final"


def error_info(failure: Failure, secrets: Collection[str] = ()) -> ErrorInfo:
    """The error as data; long texts are cut in the middle.

    Args:
        failure: of an attempt.
        secrets: that no record, log or monitor may show.
    """
    cause = failure.cause
    cls = type(cause)
    lines = traceback.format_exception(cls, cause, cause.__traceback__)
    return ErrorInfo(
        type=f"{cls.__module__}.{cls.__qualname__}",
        message=_cut(redact(str(cause), secrets)),
        traceback=_cut(redact("".join(lines), secrets)),
        retryable=failure.kind != "final",
    )


class RedactedError(Exception):
    """Stands in logs and traces for an error that names a secret."""


def shown(cause: BaseException, error: ErrorInfo, secrets: Collection[str]) -> BaseException:
    """What logs and traces may show of an error: itself, or its text without the secrets.

    Args:
        cause: as it was raised.
        error: the same as data, without the secrets.
        secrets: see `error_info`.
    """
    raw = "".join(traceback.format_exception(cause))
    if redact(raw, secrets) == raw:
        return cause
    return RedactedError(f"{error.type}: {error.message}\n{error.traceback}")


def _cut(text: str) -> str:
    if len(text) <= _MAX_TEXT:
        return text
    half = _MAX_TEXT // 2
    return f"{text[:half]}\n... {len(text) - _MAX_TEXT} characters left out ...\n{text[-half:]}"
