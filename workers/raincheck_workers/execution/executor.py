"""One delivery of a step: claim, materialize, call, dump, store, complete.

There is no Celery in here: an inline run takes the same way.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from raincheck.authoring.context import StepContext, step_context
from raincheck.authoring.registry import find_step
from raincheck.authoring.step import Step
from raincheck.blobs.digest import digest_of
from raincheck.deployment import Deployment
from raincheck.index.packing import pack_needs
from raincheck.index.replies import Claimed, Message, Parked, Refused, Unresolvable
from raincheck.index.run_scripts import Attempt, Delivery
from raincheck.materializers import scoped_copies
from raincheck.messaging.hints import HintSender
from raincheck.messaging.waking import wake
from raincheck.redaction import secrets_of
from raincheck.telemetry.tracing import record_exception, span
from raincheck_contracts.errors import RunNotFoundError, StaleFenceError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.pipelines import needs_of
from raincheck_workers.execution.cache import MaterializedCache
from raincheck_workers.execution.code_difference import code_difference
from raincheck_workers.execution.failures import Failure, classify, error_info, shown
from raincheck_workers.execution.inputs import BoundInputs, bind, check_types, materialize
from raincheck_workers.execution.lineage import bound_references
from raincheck_workers.execution.loader import Loader
from raincheck_workers.execution.log_fields import log_fields
from raincheck_workers.execution.monitor import Monitor, Unwatched
from raincheck_workers.execution.outcomes import Outcome, Result
from raincheck_workers.execution.patience import Patience
from raincheck_workers.execution.publication import prepare_model, prepare_outputs
from raincheck_workers.execution.reuse import Reuse
from raincheck_workers.liveness.holdings import Holdings
from raincheck_workers.telemetry import observation

_log = logging.getLogger(__name__)

# Until a node that registers just now is known to the index.
_REGISTRATION_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where deliveries are executed."""

    node: Callable[[], str]
    """Id of the node now; it changes when the node was taken for dead."""
    pid: int
    holdings: Holdings
    """Where this process says which attempts it holds."""


class Executor:
    """Executes deliveries in one process.

    Args:
        deployment: index, store and settings.
        hints: sends the messages of steps that wake.
        place: node and process.
        monitor: is told what happens; None when nobody watches.
        patience: seconds for which an index that does not answer is asked again. Who gives
            up while it holds a step leaves it running for nobody, so a worker has much.
    """

    def __init__(
        self,
        deployment: Deployment,
        hints: HintSender,
        place: Place,
        *,
        monitor: Monitor | None = None,
        patience: float = 3_600.0,
    ) -> None:
        self.monitor = monitor or Unwatched()
        self.deployment = deployment
        self._index = deployment.index
        self._hints = hints
        self._place = place
        self._patience = Patience(patience)
        self._secrets = secrets_of(deployment.settings)
        self._loader = Loader(deployment.store, MaterializedCache())
        self._reuse = Reuse(deployment.index, hints, self._patience)

    def execute(self, task: StepTask, celery_id: str) -> Outcome:
        """Execute one delivery.

        Args:
            task: the message.
            celery_id: Celery's id of the delivery.

        Returns:
            What became of it. A step's own errors are recorded and do not raise.

        Raises:
            IndexUnavailableError: the index has not answered for as long as is waited.
        """
        with observation.delivery(task) as ended:
            outcome = ended(self._deliver(task, celery_id))
        self.monitor.ended(celery_id, outcome)
        return outcome

    def _deliver(self, task: StepTask, celery_id: str) -> Outcome:
        step = find_step(task.step.function)
        difference = code_difference(task.step, step)
        if step is None or (difference and self._is_as_submitted(task)):
            return self._decline(task, difference or "")
        delivery = Delivery(
            nonce=secrets.token_hex(8),
            node=self._place.node(),
            pid=self._place.pid,
            task=celery_id,
        )
        with self._place.holdings.hold(delivery.nonce):
            return self._claim_and_run(task, step, delivery)

    def _claim_and_run(
        self, task: StepTask, step: "Step[..., object]", delivery: Delivery
    ) -> Outcome:
        with observation.claiming():
            answer = self._claim(task, delivery)
        match answer:
            case Parked(missing):
                return Outcome(task.step.name, Result.PARKED, "; ".join(map(str, missing)))
            case Unresolvable(missing):
                return Outcome(task.step.name, Result.FAILED, "; ".join(map(str, missing)))
            case Refused(code, detail):
                _log.info("hint refused", extra=log_fields(task, "hint_refused", detail))
                return Outcome(task.step.name, Result.REFUSED, f"{code} {detail}")
            case Claimed():
                return self._attempt(task, step, answer, delivery)

    def send(self, messages: Iterable[Message]) -> None:
        """Send the hints of steps that this process does not take itself."""
        self._hints.send(messages)

    def _claim(
        self, task: StepTask, delivery: Delivery
    ) -> Claimed | Parked | Unresolvable | Refused:
        digest = digest_of(task.step.canonical_json().encode())
        references = pack_needs(needs_of(task.step))
        end = time.monotonic() + _REGISTRATION_PATIENCE
        while True:
            answer = self._patience.until_answered(
                lambda: self._index.runs.claim(
                    task.run,
                    task.step.name,
                    digest=digest,
                    delivery=delivery,
                    references=references,
                )
            )
            unknown = isinstance(answer, Refused) and answer.code == "NODE_UNKNOWN"
            if not unknown or time.monotonic() > end:
                return answer
            time.sleep(0.05)  # the heartbeat registers the node as the worker starts

    def _is_as_submitted(self, task: StepTask) -> bool:
        """Whether the index knows this very step; what it does not know, `claim` refuses."""
        try:
            return task.step in self._index.records.spec(task.run).steps
        except RunNotFoundError:
            return False

    def _decline(self, task: StepTask, reason: str) -> Outcome:
        said = self._index.runs.decline(task.run, task.step.name, reason)
        _log.warning("step declined", extra=log_fields(task, "step_declined", reason))
        result = {"FAILED": Result.FAILED, "REFUSED": Result.REFUSED}.get(said, Result.DECLINED)
        return Outcome(task.step.name, result, reason)

    def _attempt(
        self, task: StepTask, step: "Step[..., object]", claimed: Claimed, delivery: Delivery
    ) -> Outcome:
        attempt = Attempt(
            run=task.run, step=task.step.name, fence=claimed.fence, node=delivery.node
        )
        with observation.attempt(task, claimed):
            try:
                return self._succeed_or_fail(task, step, claimed, attempt, delivery.task)
            except StaleFenceError as error:
                observation.superseded(str(error))
                _log.warning("attempt superseded", extra=log_fields(task, "superseded", str(error)))
                return Outcome(task.step.name, Result.SUPERSEDED, str(error))

    def _succeed_or_fail(
        self,
        task: StepTask,
        step: "Step[..., object]",
        claimed: Claimed,
        attempt: Attempt,
        celery_id: str,
    ) -> Outcome:
        inputs: BoundInputs | None = None
        try:
            with classify("bind"):
                inputs = bind(task.step, claimed)
            observation.bound(inputs)
            self.monitor.bound(task, celery_id, inputs.bindings)
            with scoped_copies():
                return self._run(task, step, inputs, attempt, claimed)
        except Failure as failure:
            return self._fail(task, attempt, failure, inputs)

    def _run(
        self,
        task: StepTask,
        step: "Step[..., object]",
        inputs: BoundInputs,
        attempt: Attempt,
        claimed: Claimed,
    ) -> Outcome:
        with classify("bind"):
            annotations = {port.name: port.annotation for port in step.parameters}
            check_types(inputs, annotations)
        context = StepContext(
            run=task.run,
            pipeline=task.pipeline,
            step=task.step.name,
            attempt=claimed.attempt,
            inputs=inputs.by_parameter,
            outputs=task.step.outputs,
            trigger=claimed.trigger,
            model=claimed.model,
        )
        if task.step.cache is not None:
            taken = self._reuse.ask(task, step, inputs, attempt, context)
            if taken is not None:
                observation.not_called(taken)
                return taken
        with classify("load"):
            arguments = materialize(inputs, annotations, self._loader.load)
        with classify("call"), step_context(context), span("call"):
            returned = step.function(**arguments)
        with classify("dump"), span("store"):
            outputs, foreign = prepare_outputs(
                self.deployment.store, step, context, returned, inputs.versions
            )
            model = prepare_model(context, inputs.versions)
        bound = bound_references(inputs, context.loaded)
        with classify("complete"), span("publish"):
            done = self._patience.until_answered(
                lambda: self._index.runs.complete(attempt, outputs, foreign, bound, model)
            )
            observation.published(outputs, done)
        if done.dirty:
            wake(self._index, self._hints)
        published = " ".join(done.outputs.values())
        _log.info("step succeeded", extra=log_fields(task, "step_succeeded", published))
        return Outcome(
            task.step.name,
            Result.SUCCEEDED,
            bindings=inputs.bindings,
            outputs=done.outputs,
            messages=done.messages,
            drain=done.drain,
        )

    def _fail(
        self, task: StepTask, attempt: Attempt, failure: Failure, inputs: BoundInputs | None
    ) -> Outcome:
        error = error_info(failure, self._secrets)
        cause = shown(failure.cause, error, self._secrets)
        record_exception(cause)
        extra = log_fields(task, "step_failed", failure.kind)
        _log.warning("step failed", exc_info=cause, extra=extra)
        said, message = self._patience.until_answered(
            lambda: self._index.runs.fail(attempt, failure.kind, error)
        )
        if task.step.cache is not None:
            wake(self._index, self._hints)  # who waits for the same computes it now
        observation.failed(error)
        return Outcome(
            task.step.name,
            Result.RETRY if said == "retry" else Result.FAILED,
            f"{error.type}: {error.message}",
            error=error,
            bindings=inputs.bindings if inputs else {},
            messages=(message,) if message else (),
        )
