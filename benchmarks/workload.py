"""What the measured worker runs: pipelines, and bare Celery tasks beside them.

Each function notes the moment of its first line on the machine-wide monotonic clock, in
a list of the server, so that both sides are measured alike.
"""

import json
import time
from typing import Any

from celery import Celery

from raincheck import (
    Client,
    current_deployment,
    get_step_context,
    pipeline,
    published,
    step,
    triggering,
)
from raincheck.messaging.broker import celery_settings
from raincheck_workers import install


def _settings() -> dict[str, Any]:
    deployment = current_deployment()
    return {
        **celery_settings(deployment.settings, deployment.index_url),
        "task_default_queue": "bench",
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
    }


# An application of its own, with the settings of ours: our own worker takes no bare tasks.
app = Celery("bench")
app.add_defaults(_settings)
install(app)


def note(key: str) -> None:
    """Push the time to a list that the measuring process waits on."""
    moment = time.monotonic()
    connection = current_deployment().index.connection
    connection.client.execute_command("LPUSH", f"bench:{key}", json.dumps(moment))


@step
def first(token: str) -> str:
    """A step that takes a plain value."""
    note_if_last(token)
    return token


@step
def following(token: str) -> str:
    """A step that takes the output of another."""
    note_if_last(token)
    return token


def note_if_last(token: str) -> None:
    """Note the time in the step that the token names, `<key>/<step>`."""
    key, _, last = token.partition("/")
    if get_step_context().step == last:
        note(key)


@pipeline
def one_step(token: str) -> None:
    """One step."""
    first(token)


@pipeline
def ten_steps(token: str) -> None:
    """A chain of ten steps."""
    value = first(token)
    for _ in range(9):
        value = following(value)


@step
def started(value: float, key: str) -> None:
    """A step that waits for an artifact."""
    note(key)
    del value


@pipeline
def waiter(name: str, key: str) -> None:
    """Waits for the first version of an artifact."""
    started(Client().get_artifact_version(name), key)


@pipeline(bind="step")
def awaiting(name: str, steps: int) -> None:
    """So many steps that wait for the first version of an artifact, each by itself."""
    for _ in range(steps):
        started(Client().get_artifact_version(name), "none")


@step
def noted(key: str) -> None:
    """A step that an event started, given the key to note the time under."""
    note(key)


@pipeline(triggers=[published("bench-event")])
def on_publication() -> None:
    """Takes what was published."""
    noted(triggering("bench-event"))


@app.task(name="bench.bare")
def bare(key: str) -> None:
    """A bare task."""
    note(key)


@app.task(name="bench.link")
def link(value: str, key: str, left: int) -> str:
    """One link of a chain; the last one notes the time."""
    if left == 0:
        note(key)
    return value
