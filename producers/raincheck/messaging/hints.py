"""Sending hints: one Celery message per ready step."""

import json
import logging
import secrets
from collections.abc import Iterable
from typing import Any

from celery import Celery
from celery.app.routes import Router

from raincheck.index.replies import Message
from raincheck.messaging.broker import PUBLISH_RETRY_POLICY
from raincheck.messaging.fork_guard import not_while_forking
from raincheck.messaging.installed import celery_queue
from raincheck_contracts._base import CONTRACT_VERSION
from raincheck_contracts.errors import MessageTooLargeError
from raincheck_contracts.messages import MAX_MESSAGE_BYTES, STEP_TASK_NAME
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    StepSpec,
)

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
        # A fresh id each time: a revoked id would drop every later hint of the step.
        self.app.send_task(
            STEP_TASK_NAME,
            kwargs=body,
            task_id=f"{message.run}.{step.name}.{secrets.token_hex(4)}",
            queue=celery_queue(self.app, message.queue),
            # A user's application has settings for its own tasks; these are for ours.
            router=Router((), self.app.amqp.queues, app=self.app),
            serializer="json",
            ignore_result=True,
            retry=True,
            retry_policy=PUBLISH_RETRY_POLICY,
            priority=message.priority,
            producer=producer,
            argsrepr=describe_step(step),
            kwargsrepr=f"{message.pipeline} {message.run}",
        )


def describe_step(step: StepSpec) -> str:
    """A step with its inputs in words: `predict(model=trained_model@42)`."""
    inputs = ", ".join(f"{name}={describe_input(node)}" for name, node in step.inputs.items())
    return f"{step.name}({inputs})"


def describe_input(node: Input) -> str:
    """An input in words: a reference's string form, `step.output`, or the value."""
    match node:
        case ReferenceInput():
            return str(node.reference)
        case OutputInput():
            return f"{node.step}.{node.output}"
        case ListInput():
            return "[" + ", ".join(map(describe_input, node.items)) + "]"
        case DictInput():
            items = (f"{key}: {describe_input(item)}" for key, item in node.items.items())
            return "{" + ", ".join(items) + "}"
        case _:
            return json.dumps(node.value, ensure_ascii=False)


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
