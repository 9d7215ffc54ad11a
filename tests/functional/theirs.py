"""Somebody's own Celery application, into which steps are installed.

Its settings are as unlike ours as Celery allows. Only processes of their own import this:
from then on their hints go to its broker. Celery itself reads CELERY_BROKER_URL.
"""

import os

from celery import Celery, shared_task
from kombu import Queue

from raincheck import Client, pipeline, step
from raincheck_workers import install
from tests.functional.pipelines import note, wait_for

app = Celery("theirs")
install(app)
app.conf.update(
    accept_content=["json", "pickle"],
    task_serializer="pickle",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_create_missing_queues=False,
    task_default_queue="theirs",
    task_default_rate_limit="100/s",
    task_queues=[Queue("theirs"), Queue("reports")],
    task_routes={"*": {"queue": "theirs", "routing_key": "theirs"}},
    task_track_started=True,
    result_extended=True,
)
install(app)  # once more, as a second module of theirs may


@app.task
def add(left: int, right: int) -> int:
    """A task of theirs, whose result they read."""
    return left + right


@shared_task
def named(run: str) -> str:
    """A task of theirs with a parameter that is named as one of ours."""
    return run


@step
def double(value: float) -> float:
    """Twice a value."""
    return 2 * value


@step(queue="reports")
def report(value: float) -> str:
    """A step on a queue of theirs."""
    return f"it is {value}"


@pipeline
def report_newest(name: str) -> str:
    """Waits for an artifact, and reports it."""
    return report(double(Client().get_artifact_version(name)))


@step
def hold(log: str, gate: str, value: float) -> float:
    """Note the process, wait for the test, return the value."""
    note(log, str(os.getpid()))
    wait_for(gate)
    return value


@pipeline
def held(log: str, gate: str) -> float:
    """One step that the test ends."""
    return hold(log, gate, 7.0)
