"""What monitors are told: events of steps, and the state of a message."""

import logging
import threading
import time
from collections.abc import Generator
from typing import Any

import pytest
from celery import Celery
from celery.events.state import State
from celery.exceptions import Ignore, Retry
from typing_extensions import override

from raincheck.messaging.broker import broker_url
from raincheck_contracts.errors import StepFailedError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import ErrorInfo
from raincheck_workers.execution.outcomes import Outcome, Result
from raincheck_workers.monitoring import event_sender
from raincheck_workers.monitoring.conclusion import conclude
from raincheck_workers.monitoring.event_sender import EventSender
from raincheck_workers.monitoring.step_events import LIMIT, StepEvents
from tests.support.builders import step
from tests.support.waiting import wait_until

TASK = StepTask(namespace="n", run="r" * 32, pipeline="p", step=step("s", "model"))
ERROR = ErrorInfo(type="builtins.ValueError", message="no", traceback="Traceback ...")


class Monitor(threading.Thread):
    """Celery's own view of tasks, fed as Flower's is."""

    def __init__(self, app: Celery) -> None:
        super().__init__(daemon=True)
        self._state: Any = State()
        self._connection = app.connection_for_read()
        self._receiver: Any = app.events.Receiver(
            self._connection, handlers={"*": self._state.event}
        )

    @override
    def run(self) -> None:
        self._receiver.capture(limit=None, timeout=None, wakeup=False)

    def tasks(self) -> dict[str, Any]:
        """What is known of tasks now."""
        return dict(self._state.tasks)

    def close(self) -> None:
        """End the thread and its connection."""
        self._receiver.should_stop = True
        self.join(5)
        self._connection.release()


@pytest.fixture
def app(valkey_url: str) -> Generator[Celery]:
    """An application with a broker of its own prefix."""
    app = Celery("monitored", broker=broker_url(valkey_url), set_as_current=False)
    app.conf.broker_transport_options = {"global_keyprefix": f"monitor-{time.time_ns()}:"}
    yield app
    app.close()


@pytest.fixture
def monitor(app: Celery) -> Generator[Monitor]:
    """Hears what is sent from now on."""
    monitor = Monitor(app)
    monitor.start()
    sender = EventSender(app, "other@host")
    sender.start()
    while "begin" not in monitor.tasks():
        sender.add("task-started", soon=True, uuid="begin")
        time.sleep(0.01)
    sender.stop()
    yield monitor
    monitor.close()


@pytest.fixture
def events(app: Celery) -> Generator[StepEvents]:
    """Tells of steps."""
    sender = EventSender(app, "w@host")
    sender.start()
    yield StepEvents(sender)
    sender.stop()


def _wait_for(monitor: Monitor, uuid: str, state: str) -> Any:
    wait_until(lambda: getattr(monitor.tasks().get(uuid), "state", "") == state, 10)
    return monitor.tasks()[uuid]


def test_a_wait_is_told(monitor: Monitor, events: StepEvents) -> None:
    """With the pipeline, the run and the reason."""
    events.ended("id", Outcome("s", Result.PARKED, "no model yet"))
    assert _wait_for(monitor, "id", "WAITING").kwargs == "no model yet"


def test_a_step_that_was_gone_on_with_is_told_from_its_beginning(
    monitor: Monitor, events: StepEvents
) -> None:
    """Celery does not know of it."""
    events.continued(TASK, "id", "before")
    task = _wait_for(monitor, "id", "STARTED")
    assert (task.name, task.args, task.parent_id) == (
        "p.s",
        "s(p0=model:latest)",
        "before",
    )
    events.ended("id", Outcome("s", Result.RETRY, "ValueError: no", error=ERROR))
    assert _wait_for(monitor, "id", "RETRY").exception == "ValueError: no"
    events.continued(TASK, "id", "before")
    events.ended("id", Outcome("s", Result.FAILED, "ValueError: no", error=ERROR))
    assert _wait_for(monitor, "id", "FAILURE").traceback == "Traceback ..."


def test_the_end_of_a_message_is_left_to_celery(monitor: Monitor, events: StepEvents) -> None:
    """Its worker tells it."""
    for result in (Result.SUCCEEDED, Result.FAILED, Result.RETRY, Result.REFUSED):
        events.ended("id", Outcome("s", result))
    events.ended("last", Outcome("s", Result.DECLINED, "no such step"))
    _wait_for(monitor, "last", "DECLINED")
    assert "id" not in monitor.tasks()


def test_long_texts_are_cut(monitor: Monitor, events: StepEvents) -> None:
    """As Celery cuts its own."""
    events.ended("id", Outcome("s", Result.PARKED, "x" * 5_000))
    assert len(_wait_for(monitor, "id", "WAITING").kwargs) == LIMIT


def test_a_broker_that_refuses_costs_no_step_anything(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are dropped and said so in the log; the thread lives, and ends when told."""
    monkeypatch.setattr(event_sender, "REST", 0.01)
    app = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    sender = EventSender(app, "w@host")
    with caplog.at_level(logging.INFO, logger=event_sender.__name__):
        sender.start()
        for _ in range(event_sender.MOST + 5):
            sender.add("task-started", uuid="id")
        wait_until(lambda: any(r.getMessage() == "events refused" for r in caplog.records), 10)
    assert sender.is_alive()
    sender.stop()
    assert not sender.is_alive()


def test_what_is_to_be_told_soon_does_not_hurry_a_broker_that_refuses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a refusal the thread rests, however many steps begin to wait meanwhile."""
    app = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    sender = EventSender(app, "w@host")
    with caplog.at_level(logging.INFO, logger=event_sender.__name__):
        sender.add("task-waiting", soon=True, uuid="id")
        sender.start()
        wait_until(lambda: caplog.records, 10)
        for _ in range(20):
            sender.add("task-waiting", soon=True, uuid="id")
            time.sleep(0.01)  # enough for a thread that does not rest
        sender.stop()
    assert not sender.is_alive()
    assert len(caplog.records) == 1


def test_a_message_ends_as_its_step() -> None:
    """What went on after it is shown for itself."""
    good = Outcome("s", Result.SUCCEEDED)
    failed = Outcome("s", Result.FAILED, "no", error=ERROR)
    assert conclude(TASK, [good, failed]) == [good.summary(), failed.summary()]
    with pytest.raises(StepFailedError, match="ValueError: no"):
        conclude(TASK, [failed])
    with pytest.raises(StepFailedError, match="never came"):
        conclude(TASK, [Outcome("s", Result.FAILED, "never came")])
    with pytest.raises(Retry, match="once more"):
        conclude(TASK, [Outcome("s", Result.RETRY, "once more", error=ERROR)])
    for result in (Result.PARKED, Result.REFUSED, Result.DECLINED, Result.SUPERSEDED):
        with pytest.raises(Ignore):
            conclude(TASK, [Outcome("s", result)])
