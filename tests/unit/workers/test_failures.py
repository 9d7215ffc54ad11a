"""Errors of an attempt, sorted by whose they are."""

import traceback

import pytest

from raincheck_contracts.errors import (
    BlobCorruptError,
    BlobMissingError,
    BlobWriteError,
    DefinitionError,
    IndexUnavailableError,
    MaterializerNotFoundError,
    StaleFenceError,
)
from raincheck_workers.execution.failures import Failure, Kind, Phase, classify, error_info, shown

AWAY = IndexUnavailableError("redis://r", "refused")


@pytest.mark.parametrize(
    ("phase", "error", "kind"),
    [
        ("call", ValueError("x"), "error"),
        ("call", SystemExit(3), "error"),
        ("call", OSError("disk"), "error"),
        ("call", DefinitionError("s", "p", "r"), "final"),
        ("call", AWAY, "environment"),
        ("call", BlobWriteError("/blobs", "disk full", "r"), "environment"),
        ("load", BlobMissingError("b3:1", "/blobs"), "environment"),
        ("load", MaterializerNotFoundError("x"), "environment"),
        ("load", MemoryError(), "environment"),
        ("load", BlobCorruptError("b3:1", "/blobs", "p"), "final"),
        ("dump", OSError("disk full"), "environment"),
        ("dump", MaterializerNotFoundError("x"), "final"),
        ("bind", LookupError("x"), "final"),
        ("complete", ValueError("x"), "final"),
    ],
)
def test_an_error_has_its_kind(phase: Phase, error: BaseException, kind: Kind) -> None:
    """The step's own may go away, the worker's may be better elsewhere, the rest is final."""
    with pytest.raises(Failure) as caught, classify(phase):
        raise error
    assert (caught.value.kind, caught.value.cause) == (kind, error)


@pytest.mark.parametrize("error", [StaleFenceError("r", "s"), AWAY])
def test_what_no_attempt_can_record_passes_through(error: Exception) -> None:
    """The index has refused the completion, or does not answer it."""
    with pytest.raises(type(error)), classify("complete"):
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit()])
def test_an_interrupt_is_no_failure_of_the_step(error: BaseException) -> None:
    """It reaches whoever runs the step."""
    with pytest.raises(type(error)), classify("call"):
        raise error


def test_an_error_becomes_data() -> None:
    """Class, message, and the traceback down to the line that raised."""
    with pytest.raises(Failure) as caught, classify("call"):
        raise KeyError("there")
    info = error_info(caught.value)
    assert (info.type, info.message, info.retryable) == ("builtins.KeyError", "'there'", True)
    assert 'raise KeyError("there")' in info.traceback


def test_a_long_message_is_cut_in_the_middle() -> None:
    """It says how much is left out; begin and end stay."""
    info = error_info(Failure("final", ValueError("<" + "x" * 20_000 + ">")))
    assert len(info.message) < 8_100
    assert info.message[0] == "<"
    assert info.message[-1] == ">"
    assert "12002 characters left out" in info.message
    assert not info.retryable


def test_an_error_is_recorded_and_shown_without_secrets() -> None:
    """In its message, in its traceback, and in what logs and traces are given."""
    with pytest.raises(Failure) as caught, classify("call"):
        raise ValueError("no answer from redis://:canary-7@host")
    secrets = ("canary-7",)
    info = error_info(caught.value, secrets)
    assert "redis://:***@host" in info.message
    assert "canary-7" not in info.model_dump_json()
    told = shown(caught.value.cause, info, secrets)
    assert "canary-7" not in "".join(traceback.format_exception(told))
    assert shown(caught.value.cause, info, ("another",)) is caught.value.cause
