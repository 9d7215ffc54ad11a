"""A run as its submitter holds it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from raincheck.authoring.context import active_step_context
from raincheck.deployment import Deployment
from raincheck.index.run_records import read_run, run_status
from raincheck.queueing.input_answers import input_answers
from raincheck.queueing.results import load_result
from raincheck.queueing.run_report import RunReport, report_on
from raincheck_contracts.answers import InputAnswer
from raincheck_contracts.errors import (
    RunCancelledError,
    RunExpiredError,
    StepFailedError,
    WaitInStepError,
)
from raincheck_contracts.runs import ErrorInfo, Run, RunStatus, StepState

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5
# The reason of a run that expired; see `12_due.lua`.
_EXPIRED = "expired before it started"


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A queued, running or ended run."""

    id: str
    deployment: Deployment

    def run(self) -> Run:
        """The run with its steps, as the index holds it now.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
        """
        return read_run(self.deployment.index.records.stored_run(self.id))

    def status(self) -> RunStatus:
        """queued, waiting, running, succeeded, failed or cancelled.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
        """
        return run_status(self.deployment.index.records.stored_run(self.id))

    def wait(self, timeout: float | None = None) -> RunStatus:
        """Wait until the run has ended.

        Args:
            timeout: seconds; None waits as long as it takes.

        Returns:
            The final status.

        Raises:
            TimeoutError: it has not ended in time; says what it is doing.
            WaitInStepError: called inside a step, which would hold a worker while waiting.
        """
        if active_step_context() is not None:
            raise WaitInStepError(self.id)
        end = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            ended = self.deployment.index.records.final_status(self.id)
            if ended is not None:
                return ended
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"run {self.id} has not ended in {timeout} s\n{self.why()}")
            time.sleep(pause if end is None else min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def get(self, timeout: float | None = None) -> object:
        """Wait for the run and materialize what the pipeline function returned.

        Args:
            timeout: seconds; None waits as long as it takes.

        Returns:
            The value; None when the pipeline returns nothing.

        Raises:
            TimeoutError: it has not ended in time.
            StepFailedError: a step failed; holds its error.
            RunCancelledError: it was cancelled.
            RunExpiredError: it had not started when its `expires` passed.
            WaitInStepError: called inside a step.
        """
        self.wait(timeout)
        return result_of(self.deployment, self.run())

    def why(self) -> str:
        """Why the run is where it is, a line per step that has something to say."""
        return str(self.report())

    def report(self) -> RunReport:
        """What `why` says, as data.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
        """
        return report_on(self.deployment, self.id)

    def inputs(self, step: str | None = None) -> tuple[InputAnswer, ...]:
        """Why each input is what it is.

        The reference and its answer, what that was chosen over, and what it would be now.

        Args:
            step: one of the run's steps; None is all. One that is not bound yet has none.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
            ArgumentError: the run has no such step.
        """
        return input_answers(self.deployment, self.id, step)

    def cancel(self, reason: str = "cancelled by hand") -> bool:
        """End the run: nothing more of it starts, what runs is stopped.

        Returns:
            False when it had ended already.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
        """
        return self.deployment.index.runs.cancel(self.id, reason) is None

    def retry(self, *, rebind: bool = False) -> int:
        """Let the steps of an ended run that did not succeed run again, through the queue.

        Steps that succeeded keep their outputs. The others start with all their tries and
        the bindings that they had.

        Args:
            rebind: resolve their references again: they get what is true now.

        Returns:
            How many steps run again.

        Raises:
            RunNotFoundError: it ended so long ago that its records are gone.
            RunNotRetryableError: it has not ended or has succeeded; or `rebind` would mix
                versions in a pipeline that binds its references for the whole run.
        """
        index = self.deployment.index
        count, messages = index.runs.retry(
            self.id,
            earlier=index.records.retries(self.id),
            rebind=rebind,
            inline_wait_ms=round(self.deployment.settings.wait * 1000),
        )
        self.deployment.hints.send(messages)
        return count

    def rerun(
        self,
        *,
        pins: bool = True,
        inputs: Mapping[str, str] | None = None,
        cache: bool = True,
    ) -> "RunHandle":
        """Queue the same pipeline with the same parameters again, as a new run.

        It is the recorded pipeline: its module need not be importable here.

        Args:
            pins: whether each reference becomes the very version that this run had bound, so
                that the new run sees the same values. If not, references stay as they are
                written and get what is true then, but for the versions of events.
            inputs: by `step.parameter` a reference in string form, such as
                `{"predict.model": "trained_model@41"}`: what that input becomes instead.
            cache: whether its steps may take outputs from the cache.

        Returns:
            The handle of the new run; its `run().fork` says of which it is a fork, and which
            steps had not bound their references yet, so that they stay as written.

        Raises:
            RunNotFoundError: this run ended so long ago that its records are gone.
            ArgumentError: it has no such step or input.
            ReferenceSyntaxError: a reference cannot be read.
            IndexUnavailableError: nothing was recorded.
        """
        from raincheck.queueing.rerun import rerun  # noqa: PLC0415 - it imports this module

        return rerun(self.deployment, self.id, pins=pins, inputs=inputs, cache=cache)


def result_of(deployment: Deployment, run: Run) -> object:
    """What an ended run gives.

    Raises:
        StepFailedError: a step failed.
        RunCancelledError: the run was cancelled.
        RunExpiredError: it had not started when its `expires` passed.
    """
    if run.status is RunStatus.CANCELLED:
        if run.reason == _EXPIRED:
            raise RunExpiredError(run.id, _EXPIRED)
        raise RunCancelledError(run.id, run.reason or "no reason given")
    for step in run.steps:
        if step.state is StepState.FAILED:
            unknown = ErrorInfo(type="unknown", message=step.reason or "no error recorded")
            raise StepFailedError(run.id, step.step, step.error or unknown)
    return load_result(deployment, run)
