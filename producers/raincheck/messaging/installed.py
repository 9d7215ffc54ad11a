"""Users' own Celery applications that carry our messages."""

from celery import Celery

from raincheck.messaging.broker import DEFAULT_QUEUE
from raincheck_contracts.errors import ArgumentError, SettingsError

# In the order of installation; the value is the queue of the steps that name none.
_installed: dict[Celery, str] = {}


def remember(app: Celery, queue: str) -> bool:
    """Let an application carry the messages of this process.

    Args:
        app: the application.
        queue: its queue for the steps that name none.

    Returns:
        Whether it is new here.

    Raises:
        ArgumentError: it carries them already, with another queue.
    """
    new = app not in _installed
    before = _installed.setdefault(app, queue)
    if before != queue:
        problem = f"{app!r} has queue {before!r} for steps already, not {queue!r}"
        raise ArgumentError("install", problem, "Call it once for each application")
    return new


def sending_app() -> Celery | None:
    """The application that was installed last; None without one."""
    return next(reversed(_installed), None)


def celery_queue(app: Celery, queue: str) -> str:
    """Celery's name of a queue of the index, known to the application afterwards.

    The index calls the queue of steps that name none `raincheck`, whatever an
    application calls it: processes without that application submit runs too.
    """
    if queue != DEFAULT_QUEUE:
        return queue
    name = _installed.get(app, queue)
    queues = app.amqp.queues
    if name not in queues:  # it need not stand in task_queues
        queues.add(queues.new_missing(name))
    return name


def consume_steps(app: Celery, *, select: bool) -> None:
    """Let a worker consume the queue of steps beside those of its configuration.

    Args:
        app: of the worker that is about to start.
        select: false when its command names the queues, and this one only if it is there.
    """
    queues = app.amqp.queues
    queue = queues[celery_queue(app, DEFAULT_QUEUE)]
    if select:
        queues.select_add(queue)


def refuse_eager(app: Celery) -> None:
    """Refuse to queue what an eager application would neither send nor run.

    Raises:
        SettingsError: the application is eager.
    """
    if app.conf.task_always_eager:
        problem = (
            "an eager application queues nothing. Call the pipeline itself, pipeline(), to run "
            "it here, or test with a worker: raincheck.testing"
        )
        raise SettingsError("task_always_eager", problem)
