"""Sending hints: what a message holds, and what becomes of those that cannot be sent."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from raincheck import Deployment, Settings
from raincheck.index.replies import Message
from raincheck.messaging.hints import HintSender
from tests.support.builders import step
from tests.support.deployments import sent


def _message(name: str = "s", queue: str = "raincheck") -> Message:
    return Message("r" * 32, "p", queue, None, step(name).canonical_json())


@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_every_message_is_sent(deployment: Deployment, count: int) -> None:
    """One after another, or many in one batch; in their order."""
    messages = [_message(f"s{number}") for number in range(count)]
    assert deployment.hints.send(messages) == count
    assert [task.step.name for task in sent(deployment)] == [f"s{n}" for n in range(count)]


def test_nothing_is_sent_of_nothing(deployment: Deployment) -> None:
    """No connection is needed for it."""
    assert deployment.hints.send([]) == 0


def test_all_hints_of_a_step_are_one_task(deployment: Deployment) -> None:
    """Monitors show one task per step; a retried run gets tasks of its own."""
    again = replace(_message(), retries=1)
    deployment.hints.send([_message(), _message(), again])
    with deployment.hints.app.connection_for_write() as connection:
        queue = connection.SimpleQueue("raincheck")
        ids = [queue.get_nowait().headers["id"] for _ in range(3)]
        queue.close()
    assert ids == [f"{'r' * 32}.s", f"{'r' * 32}.s", f"{'r' * 32}.s.1"]


def test_a_refusing_broker_is_logged_and_not_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The hint is on record: whoever sweeps sends it."""
    settings = Settings(home=tmp_path, url="redis://fake", broker_url="redis://127.0.0.1:1/0")
    deployment = Deployment(settings)
    with caplog.at_level(logging.WARNING, logger="raincheck.messaging.hints"):
        assert deployment.hints.send([_message()]) == 0
    assert [record.getMessage() for record in caplog.records] == ["broker refused hints"]
    deployment.hints.app.close()


def test_a_sender_sends_for_its_namespace(deployment: Deployment) -> None:
    """It stands in the body: a worker of another namespace must not take it."""
    HintSender(deployment.hints.app, "other").send([_message()])
    assert [task.namespace for task in sent(deployment)] == ["other"]
