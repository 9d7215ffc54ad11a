"""Steps in an application that is not ours: what is added to it, and what is left alone."""

import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery

from raincheck import Deployment, Settings
from raincheck.index.replies import Message
from raincheck.messaging import installed
from raincheck.messaging.installed import celery_queue, consume_steps, sending_app
from raincheck_contracts.errors import ArgumentError, ParameterError
from raincheck_contracts.messages import RUN_TASK_NAME, STEP_TASK_NAME
from raincheck_workers import install
from raincheck_workers.requested_run import check_namespace
from tests.support.builders import step
from tests.support.servers import fake_index

OURS = {STEP_TASK_NAME, RUN_TASK_NAME}


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test installs is not installed in the next."""
    monkeypatch.setattr(installed, "_installed", {})


@pytest.fixture
def new_app() -> Generator[Callable[..., Celery]]:
    """Makes applications whose messages stay in this process."""
    made: list[Celery] = []

    def make(**conf: Any) -> Celery:
        app = Celery("theirs", broker="memory://", set_as_current=False)
        app.conf.update(conf)
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


def test_tasks_are_there_however_late_the_application_is_configured(
    new_app: Callable[..., Celery],
) -> None:
    """Before and after it is finalized, and configured as Django's are."""
    late, early = new_app(), new_app()
    late.finalize()
    install(late)
    install(early)
    settings = SimpleNamespace(CELERY_TASK_DEFAULT_QUEUE="web", OTHER="ignored")
    early.config_from_object(settings, namespace="CELERY")
    assert set(late.tasks) >= OURS
    assert set(early.tasks) >= OURS
    consume_steps(early, select=True)
    assert list(early.amqp.queues.consume_from) == ["web", "raincheck"]


def test_settings_of_the_application_do_not_reach_our_tasks_nor_ours_it(
    new_app: Callable[..., Celery],
) -> None:
    """Acknowledgement, results and limits are said at the tasks."""
    conf: dict[str, Any] = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_track_started": True,
        "task_default_rate_limit": "1/m",
    }
    app = new_app(**conf)
    install(app)
    ours: Any = app.tasks[STEP_TASK_NAME]
    assert (ours.acks_late, ours.reject_on_worker_lost, ours.track_started) == (False,) * 3
    assert (ours.ignore_result, ours.rate_limit) == (True, 0)
    assert {name: app.conf[name] for name in conf} == conf
    assert not app.conf.task_ignore_result


@pytest.mark.parametrize(
    ("named", "consumed"),
    [([], ["theirs", "raincheck"]), (["theirs"], ["theirs"]), (["raincheck"], ["raincheck"])],
)
def test_a_worker_consumes_steps_unless_its_command_names_other_queues(
    new_app: Callable[..., Celery], named: list[str], consumed: list[str]
) -> None:
    """Also where Celery may make no queues that are not configured."""
    app = new_app(task_default_queue="theirs", task_create_missing_queues=False)
    install(app)
    consume_steps(app, select=not named)
    app.amqp.queues.select(named)
    assert list(app.amqp.queues.consume_from) == consumed


def test_a_second_call_changes_nothing(new_app: Callable[..., Celery]) -> None:
    """Unless it names another queue."""
    app = new_app()
    install(app, queue="steps")
    install(app, queue="steps")
    assert celery_queue(app, "raincheck") == "steps"
    assert celery_queue(app, "gpu") == "gpu"
    with pytest.raises(ArgumentError, match="has queue 'steps' for steps already, not 'other'"):
        install(app, queue="other")


def test_hints_go_through_the_application_installed_last(
    new_app: Callable[..., Celery], tmp_path: Path
) -> None:
    """In every deployment of the process that was given none, whatever its routes say."""
    index = fake_index()
    settings = Settings(
        home=tmp_path, url="redis://fake", broker_url="redis://127.0.0.1:1", namespace="n"
    )
    first, second = new_app(), new_app(task_routes={"*": {"exchange": "x", "routing_key": "x"}})
    deployment = Deployment(settings, index=index)
    install(first)
    sender = deployment.hints
    assert sender is deployment.hints
    assert sender.app is first
    install(second, queue="steps")
    assert sending_app() is second
    message = Message("r" * 32, "p", "raincheck", None, step("s").canonical_json())
    assert deployment.hints.send([message]) == 1
    with second.connection_for_write() as connection:
        queue = connection.SimpleQueue("steps")
        assert queue.get_nowait().headers["task"] == STEP_TASK_NAME
        queue.close()
    given = Deployment(settings, index=index, app=first)
    assert given.hints.app is first


def test_a_message_for_another_namespace_is_refused(deployment: Deployment) -> None:
    """Two namespaces on one queue would take each other's messages; it says what to do."""
    check_namespace(deployment, "p", deployment.settings.namespace)
    with pytest.raises(ParameterError, match="Give each namespace a broker or a queue of its own"):
        check_namespace(deployment, "p", "other")


def test_importing_install_starts_and_makes_nothing(tmp_path: Path) -> None:
    """Neither the embedded server nor the default application."""
    code = (
        "import sys; from celery import Celery; from raincheck_workers import install;"
        "install(Celery('theirs')); print('raincheck_workers.celery' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "False"
    assert list(tmp_path.iterdir()) == []
