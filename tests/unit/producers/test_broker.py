"""The Celery application that both sides configure alike."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from raincheck import Deployment, Settings
from raincheck.index.replies import Message
from raincheck.messaging.broker import (
    broker_url,
    celery_settings,
    is_redis,
    key_prefix,
    queue_length,
    transport_options,
)
from tests.support.builders import step
from tests.support.servers import fresh_namespace


@pytest.mark.parametrize(
    ("index", "broker"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("rediss://user:pw@host:6380/0", "rediss://user:pw@host:6380/0"),
        ("unix:///tmp/rc/valkey.sock?db=3", "redis+socket:///tmp/rc/valkey.sock?virtual_host=3"),
        ("unix:///tmp/rc/valkey.sock", "redis+socket:///tmp/rc/valkey.sock?virtual_host=0"),
    ],
)
def test_the_broker_is_the_server_of_the_index(index: str, broker: str) -> None:
    """In the words of kombu."""
    assert broker_url(index) == broker
    assert is_redis(broker)


def test_a_named_broker_is_used_instead() -> None:
    """And gets the options of its own transport."""
    settings = Settings(broker_url="amqp://guest@host//")
    made = celery_settings(settings, "redis://host/0")
    assert made["broker_url"] == "amqp://guest@host//"
    assert made["broker_transport_options"] == {"confirm_publish": True}
    assert not is_redis("amqp://guest@host//")


def test_the_broker_of_somebody_elses_application_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Celery itself prefers CELERY_BROKER_URL to what an application says."""
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://theirs:6379/0")
    deployment = Deployment(Settings(home=tmp_path, url="redis://ours:6379/3"))
    with deployment.hints.app.connection_for_write() as connection:
        assert (connection.hostname, connection.virtual_host) == ("ours", "3")
    deployment.hints.app.close()


def test_only_json_is_taken_and_sent() -> None:
    """A message never brings code."""
    made = celery_settings(Settings(), "redis://host/0")
    assert made["accept_content"] == ["json"]
    assert made["task_serializer"] == "json"


def test_keys_of_the_broker_lie_within_the_namespace() -> None:
    """Two namespaces of one server share no queue."""
    assert key_prefix("team") == "rc:{team}:celery:"
    options = transport_options("redis://host/0", "team")
    assert options["global_keyprefix"] == "rc:{team}:celery:"


@pytest.fixture
def on_server(valkey_url: str, tmp_path: Path) -> Generator[Deployment]:
    """A deployment on a real server."""
    deployment = Deployment(Settings(home=tmp_path, url=valkey_url, namespace=fresh_namespace()))
    yield deployment
    deployment.hints.app.close()


def test_the_length_of_a_queue_counts_all_priorities(on_server: Deployment) -> None:
    """On Redis each step of priority is a list of its own, and all have the key prefix."""
    app = on_server.hints.app
    assert queue_length(app, "raincheck") == 0
    message = Message("r" * 32, "p", "raincheck", None, step("s").canonical_json())
    on_server.hints.send([message, replace(message, priority=9), replace(message, queue="q2")])
    assert queue_length(app, "raincheck") == 2
    assert queue_length(app, "q2") == 1
    assert queue_length(app, "unheard-of") == 0


def test_the_length_is_unknown_when_the_broker_is_away(tmp_path: Path) -> None:
    """Unknown is not empty: nothing is sent again on that ground."""
    deployment = Deployment(
        Settings(home=tmp_path, url="redis://127.0.0.1:1/0", namespace=fresh_namespace())
    )
    assert queue_length(deployment.hints.app, "raincheck") is None
    deployment.hints.app.close()
