"""Looking at a run again and again, cheaply, until it has ended."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from raincheck.index.run_records import StoredRun, read_run
from raincheck.queueing.run_handle import RunHandle
from raincheck.queueing.run_report import with_present_misses
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_contracts.runs import Run

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds between two looks
_SLOWER = 1.4


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a run."""

    run: Run
    problem: str | None = None
    """Why the index did not answer this time; `run` is as seen last."""


def looks(handle: RunHandle, timeout: float | None) -> Iterator[Look]:
    """Look until the run has ended: a few times a second, less often while nothing changes.

    An index that is away after the first look is asked again.

    Args:
        handle: of the run.
        timeout: seconds; None looks as long as it takes.

    Raises:
        TimeoutError: the run has not ended in time.
        RunNotFoundError: its records are gone.
        IndexUnavailableError: the index does not answer the first look.
    """
    began, pause = time.monotonic(), _FIRST_PAUSE
    stored = handle.deployment.index.records.stored_run(handle.id)
    look = Look(_present(handle, stored))
    while True:
        yield look
        if look.run.status.final:
            return
        passed = time.monotonic() - began
        if timeout is not None and passed >= timeout:
            raise TimeoutError(
                f"run {handle.id} is {look.run.status} after {timeout:g} s; it goes on"
            )
        time.sleep(pause if timeout is None else min(pause, timeout - passed))
        before = look
        stored, look = _look(handle, stored, look.run)
        pause = _FIRST_PAUSE if look != before else min(pause * _SLOWER, _LONGEST_PAUSE)


def _look(handle: RunHandle, stored: StoredRun, run: Run) -> tuple[StoredRun, Look]:
    try:
        stored = handle.deployment.index.records.stored_run_again(stored)
        return stored, Look(_present(handle, stored))
    except IndexUnavailableError as error:
        return stored, Look(run, str(error))


def _present(handle: RunHandle, stored: StoredRun) -> Run:
    return with_present_misses(handle.deployment.index, read_run(stored))
