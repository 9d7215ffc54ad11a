"""A step with `cache=` asks, before it loads anything, whether its outputs are there already."""

import logging
from dataclasses import dataclass
from typing import TypeAlias

from raincheck.authoring.context import StepContext
from raincheck.authoring.step import Step
from raincheck.index import Index
from raincheck.index.replies import Completed
from raincheck.index.reuse_scripts import Awaits, Computes, Reused
from raincheck.index.run_scripts import Attempt
from raincheck.messaging.descriptions import awaited_words
from raincheck.messaging.hints import HintSender
from raincheck.messaging.waking import wake
from raincheck.telemetry.tracing import annotate, span
from raincheck_contracts.messages import StepTask
from raincheck_workers.execution.computation_key import computation_key
from raincheck_workers.execution.failures import classify
from raincheck_workers.execution.inputs import BoundInputs
from raincheck_workers.execution.lineage import bound_references
from raincheck_workers.execution.log_fields import log_fields
from raincheck_workers.execution.outcomes import Outcome, Result
from raincheck_workers.execution.patience import Patience
from raincheck_workers.execution.publication import prepare_model

_log = logging.getLogger(__name__)

Answer: TypeAlias = Reused | Computes | Awaits


@dataclass(frozen=True, slots=True)
class Reuse:
    """Outputs of the same computation, as an executor asks for them."""

    index: Index
    """That keeps them."""
    hints: HintSender
    patience: Patience
    """With an index that does not answer."""

    def ask(
        self,
        task: StepTask,
        step: "Step[..., object]",
        inputs: BoundInputs,
        attempt: Attempt,
        context: StepContext,
    ) -> Outcome | None:
        """Take the outputs of the same computation, or learn that this attempt computes.

        Args:
            task: the delivery; its step has a life time for its outputs.
            step: as this process has it.
            inputs: what was bound.
            attempt: whose fence is shown.
            context: of the step, before it is called.

        Returns:
            What became of the delivery; None when it computes.

        Raises:
            Failure: the key cannot be made.
            StaleFenceError: the attempt has lost its step.
        """
        with classify("bind"):
            key = computation_key(step, inputs)
        seconds, bound = task.step.cache or 0, bound_references(inputs)
        model = prepare_model(context, inputs.versions)
        with classify("complete"), span("reuse"):
            answer: Answer = self.patience.until_answered(
                lambda: self.index.reuse.reuse(attempt, key, seconds, bound, model)
            )
            annotate(answer=type(answer).__name__.lower())
        match answer:
            case Computes():
                return None
            case Awaits(computes):
                words = awaited_words(computes)
                _log.info("step waits", extra=log_fields(task, "computation_awaited", words))
                return Outcome(task.step.name, Result.PARKED, words, bindings=inputs.bindings)
            case Reused(done, origin):
                return self._taken(task, inputs, done, origin)

    def _taken(self, task: StepTask, inputs: BoundInputs, done: Completed, origin: str) -> Outcome:
        if done.dirty:
            wake(self.index, self.hints)
        _log.info("step reused", extra=log_fields(task, "outputs_reused", origin))
        return Outcome(
            task.step.name,
            Result.SUCCEEDED,
            bindings=inputs.bindings,
            outputs=done.outputs,
            cached_from=origin,
            messages=done.messages,
            drain=done.drain,
        )
