"""What an intake lets in, puts aside and says."""

import logging
from collections.abc import Generator

import pytest
from celery import Celery
from kombu import Queue

from raincheck.index import Index
from raincheck_workers.intake.envelope import read_message
from raincheck_workers.intake.intake import Intake
from raincheck_workers.intake.refusal import refused
from tests.support.hostile import HEADERS, Forged, envelope, message
from tests.support.servers import fake_index, server_away

STRANGE = message(task="theirs.add")


@pytest.fixture
def index() -> Index:
    """Takes what is put aside."""
    return fake_index()


@pytest.fixture
def app() -> Generator[Celery]:
    """An application that consumes two queues."""
    app = Celery("theirs", broker="memory://", set_as_current=False)
    app.conf.task_queues = [Queue("raincheck"), Queue("theirs")]
    yield app
    app.close()


def test_only_our_tasks_come_in(app: Celery, index: Index) -> None:
    """What is put aside says from where, why, and how it began."""
    intake = Intake(app, index.bad_messages)
    assert intake.admits_entry("raincheck", message().entry())
    assert not intake.admits_entry("theirs", STRANGE.entry())
    assert not intake.admits_entry("raincheck", b"hello")
    newest, oldest = index.bad_messages.newest(10)
    assert (newest.queue, newest.excerpt) == ("raincheck", "hello")
    assert oldest.queue == "theirs"
    assert oldest.excerpt.startswith('[[], {"contract": 1')


def test_an_applications_own_tasks_pass_unseen(app: Celery, index: Index) -> None:
    """Pickled, compressed, large or of the first protocol: on all queues but the one of ours."""
    intake = Intake(app, index.bad_messages, {"raincheck"})
    theirs = [
        STRANGE,
        message(task="theirs.add", expires="2999-01-01"),
        Forged({"task": "theirs.add"}, b"\x80\x04.", "application/x-python-serialize", "binary"),
        Forged({"compression": "application/x-bz2"}, b"BZh9"),
        message([[], {"x": "x" * 300_000}, {}], task="theirs.add"),
    ]
    for forged in theirs:
        assert intake.admits_entry("theirs", forged.entry())
        assert not intake.admits_entry("raincheck", forged.entry())
    assert index.bad_messages.kept() == len(theirs)


@pytest.mark.parametrize("entry", [b"hello", b"[]", message(eta="2999-01-01").entry()])
def test_on_their_queues_ours_are_screened_and_nothing_that_kombu_cannot_take_passes(
    app: Celery, index: Index, entry: bytes
) -> None:
    """It would end the worker that runs steps, too."""
    assert not Intake(app, index.bad_messages, {"raincheck"}).admits_entry("theirs", entry)
    assert index.bad_messages.kept() == 1


def test_queues_that_the_worker_does_not_consume_are_no_business_of_ours(
    app: Celery, index: Index
) -> None:
    """Such as that of the answers to a question that a task asks other workers."""
    assert Intake(app, index.bad_messages).admits_entry("answers", b"hello")


def test_the_log_says_each_kind_once(
    app: Celery, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """A flood of bad messages is no flood of lines; all are kept."""
    intake = Intake(app, index.bad_messages)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            intake.admits_entry("raincheck", b"hello")
            intake.admits_entry("raincheck", STRANGE.entry())
    assert [record.__dict__["kind"] for record in caplog.records] == ["entry", "headers"]
    assert index.bad_messages.kept() == 40


def test_an_index_that_is_away_stops_nothing(
    app: Celery, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """The message is in the log instead."""
    with server_away():
        assert not Intake(app, index.bad_messages).admits_entry("raincheck", b"hello")
    assert "index away, bad message not kept: hello" in caplog.text


def test_a_command_to_all_workers_is_not_decompressed(app: Celery, index: Index) -> None:
    """Others that have the shape of a message pass: Celery knows what to do with them."""
    intake = Intake(app, index.bad_messages)
    assert intake.admits_broadcast(read_message(envelope(STRANGE)))
    squeezed = Forged({**HEADERS, "compression": "application/x-bz2"}, b"BZh9")
    assert not intake.admits_broadcast(read_message(envelope(squeezed)))
    assert not intake.admits_broadcast(read_message([1]))
    assert not intake.admits_broadcast(refused("entry", "x"))
    assert index.bad_messages.kept() == 0
