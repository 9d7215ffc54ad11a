"""Sending hints: one Celery message per ready step."""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from celery import Celery
from celery.app.routes import Router

from raincheck.index.replies import Message
from raincheck.messaging.broker import CONFIRM_TIMEOUT, PUBLISH_RETRY_POLICY
from raincheck.messaging.descriptions import describe_step
from raincheck.messaging.fork_guard import not_while_forking
from raincheck.messaging.installed import celery_queue
from raincheck.telemetry.trace_text import trace_headers
from raincheck_contracts._base import CONTRACT_VERSION
from raincheck_contracts.errors import MessageTooLargeError
from raincheck_contracts.messages import MAX_MESSAGE_BYTES, STEP_TASK_NAME
from raincheck_contracts.pipelines import StepSpec

_log = logging.getLogger(__name__)

# From so many messages on, a batch spares round trips.
_BATCH = 8


class HintSender:
    """Sends the messages of ready steps.

    Args:
        app: the Celery application whose broker takes them.
        namespace: of the index that knows the steps.
    """

    def __init__(self, app: Celery, namespace: str) -> None:
        self.app = app
        self._namespace = namespace

    @cached_property
    def _events(self) -> Any:
        return self.app.events.Dispatcher(enabled=False)  # it uses the producers that it is given

    def send(self, messages: Iterable[Message]) -> int:
        """Send hints; what cannot be sent stays in the index and is sent again later.

        Args:
            messages: of ready steps.

        Returns:
            How many were handed to the broker.
        """
        waiting = list(messages)
        if not waiting or self.app.conf.task_always_eager:  # then nothing leaves the process
            return 0
        sent = 0
        try:
            with not_while_forking(), self.app.producer_pool.acquire(block=True) as acquired:
                producer: Any = acquired
                if len(waiting) < _BATCH:
                    for message in waiting:
                        self._send(message, producer)
                        sent += 1
                else:
                    with producer.batch():
                        for message in waiting:
                            self._send(message, producer)
                    sent = len(waiting)
        except Exception:  # noqa: BLE001 - whatever a transport raises, see below
            # The run is accepted and its hint is on record: any worker's sweeper sends
            # it. Raising here would make callers submit the run a second time.
            _log.warning(
                "broker refused hints",
                exc_info=True,
                extra={"action": "hint_refused", "hints": len(waiting), "sent": sent},
            )
        return sent

    def _send(self, message: Message, producer: Any) -> None:
        body = message_body(self._namespace, message)
        step = StepSpec.model_validate(body["step"])
        name = task_name(message.pipeline, step.name)
        self.app.send_task(
            STEP_TASK_NAME,
            kwargs=body,
            shadow=name,
            event_dispatcher=_NamedEvents(self._events, name),
            task_id=task_id(message.run, step.name, message.retries),
            queue=celery_queue(self.app, message.queue),
            # A user's application has settings for its own tasks; these are for ours.
            router=Router((), self.app.amqp.queues, app=self.app),
            serializer="json",
            ignore_result=True,
            retry=True,
            retry_policy=PUBLISH_RETRY_POLICY,
            confirm_timeout=CONFIRM_TIMEOUT,
            priority=message.priority,
            producer=producer,
            headers=trace_headers(message.trace),
            argsrepr=describe_step(step),
            kwargsrepr=f"{message.pipeline} {message.run}",
        )


class _NamedEvents:
    """Tells of a sent task under its shadow name.

    Celery tells under the true one, and who hears that last shows it.
    """

    def __init__(self, dispatcher: Any, name: str) -> None:
        self._dispatcher = dispatcher
        self._name = name

    def publish(
        self, kind: str, fields: Mapping[str, object], producer: object, **options: object
    ) -> None:
        """Publish an event, as Celery's dispatcher does."""
        self._dispatcher.publish(kind, {**fields, "name": self._name}, producer, **options)


def task_name(pipeline: str, step: str) -> str:
    """The name under which Celery's logs and monitors show a step: `do_predictions.predict`."""
    return f"{pipeline}.{step}"


def task_id(run: str, step: str, retries: int) -> str:
    """Celery's id of a step: the same for all of its hints, so monitors show one task.

    Workers drop the hints of an id that was revoked, which cancels the run; a retried run
    gets ids of its own.
    """
    return f"{run}.{step}.{retries}" if retries else f"{run}.{step}"


def message_body(namespace: str, message: Message) -> dict[str, Any]:
    """The body of a step's message: a `StepTask` as JSON values."""
    return {
        "contract": CONTRACT_VERSION,
        "namespace": namespace,
        "run": message.run,
        "pipeline": message.pipeline,
        "step": json.loads(message.body),
    }


def check_message_size(namespace: str, message: Message) -> None:
    """Refuse a message that the contract does not allow, before anything is recorded.

    Raises:
        MessageTooLargeError: names the step and both sizes.
    """
    body = message_body(namespace, message)
    size = len(json.dumps(body))
    if size > MAX_MESSAGE_BYTES:
        what = f"the message of step {body['step']['name']!r}"
        raise MessageTooLargeError(what, size, MAX_MESSAGE_BYTES)
