"""Attempts as OpenLineage's events, sent by its official client to a real server."""

import json
import logging
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pytest
from openlineage.client import OpenLineageClient
from typing_extensions import override

from raincheck import Client, Deployment, RunHandle, log_metadata, pipeline, save_artifact, step
from raincheck.settings import Settings
from raincheck_workers.telemetry.attempts import (
    AttemptFacts,
    AttemptListener,
    AttemptReport,
    listen,
    use_listener,
)
from raincheck_workers.telemetry.openlineage.event_thread import EventThread
from raincheck_workers.telemetry.openlineage.identity import attempt_uuid, run_uuid
from raincheck_workers.telemetry.openlineage.listener import OpenLineageListener
from tests.support.deployments import sent
from tests.support.lineage_server import LineageServer, check_event, lineage_server
from tests.support.local_execution import LocalWorker

_meanwhile: list[Callable[[], object]] = []
"""Called by the step `interrupted` while it runs."""


@step
def clean(table: pd.DataFrame, limits: dict[str, float]) -> Annotated[pd.DataFrame, "clean_table"]:
    """Changes what it is given."""
    limits["low"] = -1.0
    log_metadata({"rows": len(table)})
    return table


@step(retries=1)
def fails(value: float) -> float:
    """Raises."""
    raise ValueError(f"not {value} of redis://:hidden-word@host")


@step
def interrupted(value: float) -> float:
    """Something happens before it returns."""
    _meanwhile.pop()()
    return value


@pipeline
def cleaning() -> None:
    """Binds a frame and a value of its metadata."""
    table = Client().get_artifact_version("raw_table")
    clean(table, table.run_metadata["limits"])


@pipeline
def failing() -> None:
    """Fails twice."""
    fails(1.0)


@pipeline
def interrupting() -> None:
    """Is interrupted."""
    interrupted(1.0)


@pipeline
def pointing() -> None:
    """Its reference points below what the metadata holds."""
    interrupted(Client().get_artifact_version("raw_table").run_metadata["limits"]["none"])


@pytest.fixture
def server() -> Generator[LineageServer]:
    """A real one on this machine."""
    with lineage_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_listener() -> Generator[None]:
    yield
    use_listener(AttemptListener())


def _thread(transport: dict[str, Any], most: int = 1_000) -> EventThread:
    thread = EventThread(OpenLineageClient(config={"transport": transport}), most)
    thread.start()
    use_listener(OpenLineageListener(thread))
    return thread


def _sending(server: LineageServer, timeout: float = 5.0) -> EventThread:
    return _thread({"type": "http", "url": server.url, "timeout": timeout, "retry": {"total": 0}})


def _worked(deployment: Deployment, run: Callable[[], RunHandle]) -> RunHandle:
    handle = run()
    LocalWorker(deployment).work()
    return handle


def _save_table() -> None:
    table = pd.DataFrame({"name": ["a"], "value": [1.5], "at": pd.to_datetime(["2026-01-01"])})
    save_artifact(table, "raw_table", metadata={"limits": {"low": 0.5}})


def test_a_step_starts_and_completes(deployment: Deployment, server: LineageServer) -> None:
    """Inputs with version, columns, references as written and values; outputs with theirs."""
    thread = _sending(server)
    _save_table()
    handle = _worked(deployment, cleaning.delay)
    thread.stop(5)
    start, complete = server.of("clean")
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    namespace = deployment.settings.namespace
    for event in (start, complete):
        assert event["job"]["namespace"] == namespace
        assert event["job"]["name"] == "cleaning.clean"
        assert event["run"]["runId"] == str(attempt_uuid(namespace, handle.id, "clean", 1))
        parent = event["run"]["facets"]["parent"]
        assert parent["run"]["runId"] == str(run_uuid(namespace, handle.id))
        assert parent["job"]["name"] == "cleaning"
        assert event["run"]["facets"]["raincheck_attempt"]["run"] == handle.id
        _check_table(event, namespace)
    assert start["outputs"] == []
    (made,) = complete["outputs"]
    assert (made["name"], made["facets"]["version"]["datasetVersion"]) == ("clean_table", "1")
    fields = made["facets"]["schema"]["fields"]
    kinds = [(field["name"], field["type"]) for field in fields]
    assert kinds == [("name", "string"), ("value", "float64"), ("at", "datetime64[us]")]
    assert made["outputFacets"]["outputStatistics"]["rowCount"] == 1
    digest = Client().get_artifact_version("clean_table").digest
    assert made["facets"]["raincheck_version"]["digest"] == digest


def _check_table(event: dict[str, Any], namespace: str) -> None:
    (given,) = event["inputs"]
    assert (given["namespace"], given["name"]) == (f"raincheck://{namespace}", "raw_table")
    assert given["facets"]["version"]["datasetVersion"] == "1"
    told = given["inputFacets"]["raincheck_references"]["references"]
    assert told == [
        {"parameter": "table", "place": "", "reference": "raw_table:latest"},
        {
            "parameter": "limits",
            "place": "",
            "reference": "raw_table:latest#/limits",
            "pointer": "/limits",
            "value": {"low": 0.5},  # as it was bound, though the step has changed it
        },
    ]


def test_each_attempt_that_fails_is_a_run_of_its_own(
    deployment: Deployment, server: LineageServer
) -> None:
    """With the error; the passwords of the settings are left out."""
    thread = _sending(server)
    secret = deployment.settings.model_copy(update={"broker_url": "amqp://u:hidden-word@host"})
    handle = failing.delay()
    (task,) = sent(deployment)
    worker = LocalWorker(Deployment(secret, index=deployment.index))
    for _ in range(2):
        worker.execute(task)
    thread.stop(5)
    found = server.of("fails")
    assert [event["eventType"] for event in found] == ["START", "FAIL"] * 2
    assert len({event["run"]["runId"] for event in found}) == 2
    assert handle.run().steps[0].attempt == 2
    error = found[-1]["run"]["facets"]["errorMessage"]
    assert error["message"] == "builtins.ValueError: not 1.0 of redis://:***@host"
    assert "in fails" in error["stackTrace"]
    assert "hidden-word" not in json.dumps(found)


def test_a_cancelled_step_is_aborted(deployment: Deployment, server: LineageServer) -> None:
    """Its run ended while it ran."""
    thread = _sending(server)
    handle = interrupting.delay()
    _meanwhile.append(handle.cancel)
    LocalWorker(deployment).work()
    thread.stop(5)
    assert [event["eventType"] for event in server.of("interrupted")] == ["START", "ABORT"]


def test_what_leaves_an_attempt_aborts_it(deployment: Deployment, server: LineageServer) -> None:
    """As Ctrl-C does."""
    thread = _sending(server)
    interrupting.delay()

    def interrupt() -> None:
        raise KeyboardInterrupt

    _meanwhile.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        LocalWorker(deployment).work()
    thread.stop(5)
    last = server.of("interrupted")[-1]
    assert last["eventType"] == "ABORT"
    assert last["run"]["facets"]["errorMessage"]["message"] == "KeyboardInterrupt"


def test_an_attempt_that_gets_no_inputs_starts_and_fails(
    deployment: Deployment, server: LineageServer
) -> None:
    """What its references are bound to is not known then."""
    thread = _sending(server)
    _save_table()
    _worked(deployment, pointing.delay)
    thread.stop(5)
    start, fail = server.of("interrupted")
    assert (start["eventType"], fail["eventType"]) == ("START", "FAIL")
    assert start["inputs"] == []


def test_a_server_that_hangs_costs_a_step_nothing(
    deployment: Deployment, server: LineageServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Events wait, then are dropped and counted; the end of the process waits for a bound."""
    caplog.set_level(logging.WARNING)
    _save_table()

    def seconds() -> float:
        handles = [cleaning.delay() for _ in range(20)]
        began = time.perf_counter()
        LocalWorker(deployment).work()
        passed = time.perf_counter() - began
        assert all(handle.run().steps[0].state.final for handle in handles)
        return passed

    seconds()  # imports and caches
    unheard = seconds()
    server.answers.clear()
    thread = _thread({"type": "http", "url": server.url, "timeout": 20}, most=10)
    hanging = seconds()
    assert hanging < 2 * unheard + 1
    began = time.perf_counter()
    thread.stop(0.2)
    assert time.perf_counter() - began < 1
    lost = [record.lost for record in caplog.records if record.__dict__.get("lost")]  # type: ignore[attr-defined]
    assert sum(lost) >= 40 - 12
    print(f"20 steps: {unheard:.2f} s, with a server that hangs {hanging:.2f} s")


def test_a_server_that_is_away_is_logged_once(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """And the steps succeed."""
    with lineage_server() as gone:
        url = gone.url
    thread = _thread({"type": "http", "url": url, "retry": {"total": 0}})
    _save_table()
    handle = _worked(deployment, cleaning.delay)
    thread.stop(5)
    assert handle.run().steps[0].outputs == {"clean_table": "clean_table@1"}
    lines = [record for record in caplog.records if record.message == "openlineage events lost"]
    assert sum(record.__dict__["lost"] for record in lines) == 2
    assert "Connection" in lines[0].__dict__["detail"]


def test_events_go_to_a_file_or_the_console(
    deployment: Deployment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever transport the client has."""
    _save_table()
    file = tmp_path / "events.jsonl"
    thread = _thread({"type": "file", "log_file_path": str(file), "append": True})
    _worked(deployment, cleaning.delay)
    thread.stop(5)
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert [event["eventType"] for event in found] == ["START", "COMPLETE"]
    caplog.set_level(logging.INFO)
    thread = _thread({"type": "console"})
    _worked(deployment, cleaning.delay)
    thread.stop(5)
    said = [record.message for record in caplog.records if "runId" in record.message]
    for event in found + [json.loads(line) for line in said]:
        check_event(event)
    assert len(said) == 2


def test_a_listener_that_raises_ends_no_step(deployment: Deployment) -> None:
    """It is a view for others."""

    class Broken(AttemptListener):
        @override
        def started(self, facts: AttemptFacts, inputs: object) -> AttemptReport:
            raise RuntimeError

    use_listener(Broken())
    _save_table()
    handle = _worked(deployment, cleaning.delay)
    assert handle.run().steps[0].outputs


def test_a_client_that_cannot_be_set_up_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Steps run, and nobody is told."""
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT", '{"type": "nonsense"}')
    listen(Settings(openlineage=True))
    assert "attempt not told" in [record.message for record in caplog.records]
