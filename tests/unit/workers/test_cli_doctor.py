"""What the doctor finds, on fakeredis and on servers that are away, old or careless."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from raincheck import Client
from raincheck.deployment import Deployment, use_deployment
from raincheck.index.connection import Connection
from raincheck.index.library import library_digest, library_source
from raincheck.settings import Settings
from raincheck_workers.cli.checkup.blobs import blob_checks, disk_space
from raincheck_workers.fitness.check import Verdict
from raincheck_workers.fitness.server import server_checks
from tests.support.builders import pipeline, step
from tests.support.command_line import CommandLine, command_line, run_command
from tests.support.driver import Driver
from tests.support.dumps import ask
from tests.support.odd_servers import free_port, old_server, tcp_server
from tests.support.servers import fresh_namespace, valkey_index
from tests.support.subscribing import advance, subscribe


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment whose broker is in this process."""
    with command_line(tmp_path) as command:
        # kombu keeps what other tests have sent for the life of the process.
        with command.deployment.hints.app.connection_for_write() as connection:
            queue = connection.SimpleQueue("raincheck")
            queue.clear()
            queue.close()
        yield command


def _found(checks: list[dict[str, str]], name: str) -> list[tuple[str, str]]:
    """Verdict and finding of the checks of that name."""
    return [(item["verdict"], item["found"]) for item in checks if item["check"] == name]


def test_a_sound_deployment_has_no_problem(raincheck: CommandLine) -> None:
    """Exit code 0; what a server does not tell, and workers that are not there, are warnings."""
    answer = raincheck("doctor")
    assert answer.code == 0
    assert answer.out.splitlines()[-1].startswith("0 problems, ")
    checks = raincheck.document("doctor")
    assert _found(checks, "library")[0][0] == "ok"
    assert _found(checks, "broker") == [("ok", "memory:// answers")]
    silent = "n1 is silent, for 0 s of other workers' time"
    assert _found(checks, "workers") == [("warning", silent)]
    assert _found(checks, "runs")[0][0] == "ok"


def test_settings_are_told_with_their_source(
    raincheck: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A password is not."""
    monkeypatch.setenv("RAINCHECK_LEASE", "20")
    settings = Settings(home=tmp_path, url="redis://:secret@fake", broker_url="memory://")
    with use_deployment(Deployment(settings, index=raincheck.deployment.index)):
        (told,) = [
            found for _, found in _found(run_command("doctor", "--json").document, "settings")
        ]
    assert "lease = 20.0 (RAINCHECK_LEASE)" in told
    assert "wait = 3600.0 (default)" in told
    assert "url = redis://fake (RAINCHECK_URL)" in told


def test_a_setting_that_is_none_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else can be looked at."""
    monkeypatch.setenv("RAINCHECK_LEASE", "0")
    answer = run_command("doctor", "--json")
    assert answer.code == 1
    assert [item["remedy"] for item in answer.document] == ["Correct RAINCHECK_LEASE"]


def test_modules_that_cannot_be_imported_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, raincheck: CommandLine
) -> None:
    """Those of RAINCHECK_IMPORTS, each by itself."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    settings = raincheck.deployment.settings.model_copy(update={"imports": ("json", "absent")})
    with use_deployment(Deployment(settings, index=raincheck.deployment.index)):
        answer = run_command("doctor", "--json")
    assert answer.code == 1
    good, bad = _found(answer.document, "modules")
    assert good == ("ok", "json can be imported")
    assert bad == (
        "problem",
        "cannot import 'absent': ModuleNotFoundError: No module named 'absent'",
    )


def test_a_server_that_is_away_does_not_stop_the_doctor(tmp_path: Path) -> None:
    """What needs no server was looked at; the rest is not guessed."""
    settings = Settings(home=tmp_path, url=f"redis://127.0.0.1:{free_port()}/0")
    with use_deployment(Deployment(settings)):
        answer = run_command("doctor")
        checks = run_command("doctor", "--json").document
    assert answer.code == 1
    assert "-> Start it, or set RAINCHECK_URL" in answer.out
    assert "1 problem, " in answer.out
    assert checks[-1]["check"] == "index"
    assert _found(checks, "blobs")[0][0] == "ok"


def test_a_broker_that_is_away_is_a_problem_and_the_index_is_still_looked_at(
    raincheck: CommandLine,
) -> None:
    """Runs are accepted without a broker; nobody runs them."""
    away = {"broker_url": f"redis://127.0.0.1:{free_port()}/0"}
    settings = raincheck.deployment.settings.model_copy(update=away)
    deployment = Deployment(settings, index=raincheck.deployment.index)
    with use_deployment(deployment):
        answer = run_command("doctor", "--json")
    deployment.hints.app.close()
    assert answer.code == 1
    assert _found(answer.document, "broker")[0][0] == "problem"
    assert _found(answer.document, "runs")[0][0] == "ok"
    assert _found(answer.document, "queues") == []


def test_a_queue_with_messages_and_no_worker_is_a_problem(raincheck: CommandLine) -> None:
    """It says how to start one."""
    raincheck.driver.submit(pipeline(step("use", queue="doctors")))
    app = raincheck.deployment.hints.app
    app.send_task("raincheck.step", queue="doctors")
    answer = raincheck("doctor", "--json")
    assert answer.code == 1
    (found,) = [item for item in answer.document if item["found"].startswith("doctors: 1 queued")]
    assert found["verdict"] == "problem"
    assert found["remedy"] == "Start one: raincheck worker MODULE -Q doctors"


def test_steps_that_nobody_can_run_are_told_once(raincheck: CommandLine) -> None:
    """With what the worker that gave them back has said."""
    for _ in range(2):
        run = raincheck.driver.submit(pipeline(step("use")))
        raincheck.deployment.index.runs.decline(run, "use", "no step steps:use")
    (found,) = _found(raincheck.document("doctor"), "steps")
    assert found == ("warning", "given back by a worker: no step steps:use")


def test_a_wait_for_what_nobody_published_is_told_with_near_names(raincheck: CommandLine) -> None:
    """Of an artifact or a model; a wait for a version of a known one is not."""
    raincheck.driver.publish("model")
    Client(raincheck.deployment).create_model_version("churn")
    for reference in ("modle", "model@9", "model?model=chrun"):
        run = raincheck.driver.submit(pipeline(step("use", reference)))
        raincheck.driver.parked(run, "use")
    chrun, modle = sorted(_found(raincheck.document("doctor"), "waiting"))
    assert modle[1].endswith("artifact 'modle' has no versions yet; did you mean model?")
    assert chrun[1].endswith("model 'chrun' has no versions yet; did you mean churn?")


@contextmanager
def _server(*options: str, namespace: str = "n") -> Generator[Connection]:
    with tcp_server(*options) as port:
        connection = Connection(f"redis://127.0.0.1:{port}/0", namespace)
        yield connection
        connection.close()


def _verdicts(connection: Connection, **settings: Any) -> dict[str, str]:
    checks = server_checks(connection, Settings.model_construct(**settings))
    return {check.name: str(check.verdict) for check in checks}


@pytest.mark.parametrize(
    ("options", "durability", "verdict"),
    [
        (("--appendonly", "yes"), "relaxed", "ok"),
        (("--appendonly", "yes", "--appendfsync", "no"), "relaxed", "warning"),
        (("--appendonly", "yes"), "strict", "problem"),
        (("--appendonly", "yes", "--appendfsync", "always"), "strict", "ok"),
        ((), "relaxed", "warning"),
        ((), "strict", "problem"),
    ],
)
def test_the_append_only_file_is_held_against_the_durability_that_is_wanted(
    options: tuple[str, ...], durability: str, verdict: str
) -> None:
    """`strict` promises more than `relaxed`."""
    with _server(*options) as connection:
        assert _verdicts(connection, durability=durability)["durability"] == verdict


def test_eviction_is_a_problem() -> None:
    """Whatever the server's memory."""
    with _server("--maxmemory-policy", "allkeys-random") as connection:
        assert _verdicts(connection)["eviction"] == "problem"


def test_a_replica_is_a_problem() -> None:
    """Nothing can be written."""
    with (
        tcp_server() as primary,
        _server("--replicaof", f"127.0.0.1 {primary}") as connection,
    ):
        assert _verdicts(connection)["role"] == "problem"


def test_an_old_server_is_a_problem() -> None:
    """With the release that is needed."""
    with old_server() as port:
        connection = Connection(f"redis://127.0.0.1:{port}/0", "n")
        found = list(server_checks(connection, Settings.model_construct()))
    (version,) = [check for check in found if check.name == "version"]
    assert (version.verdict, version.found) == (Verdict.PROBLEM, "Redis 6.2.14")
    assert "Redis 7 or Valkey is needed" in version.remedy


def test_the_library_of_another_release_is_a_warning(valkey_url: str) -> None:
    """The next to connect replaces it; the doctor itself does not."""
    index = valkey_index(valkey_url)
    index.nodes.tick(0)
    other = library_source().replace(library_digest(), "0" * 64).replace('"0.1.0"', '"0.9.0"')
    ask(index, "FUNCTION", "LOAD", "REPLACE", other)
    for _ in range(2):
        checks = list(server_checks(index.connection, Settings.model_construct()))
        (library,) = [check for check in checks if check.name == "library"]
        assert library.verdict is Verdict.WARNING
        assert "of Raincheck 0.9.0, not " in library.found
    ask(index, "FUNCTION", "LOAD", "REPLACE", library_source())
    index.connection.close()


def test_an_index_of_another_protocol_is_a_problem(valkey_url: str) -> None:
    """It says which side to upgrade."""
    index = valkey_index(valkey_url)
    ask(index, "HSET", f"{index.connection.prefix}index", "protocol", "2")
    assert _verdicts(index.connection)["library"] == "problem"
    index.connection.close()


def test_a_new_namespace_is_none() -> None:
    """Nobody has loaded anything."""
    with _server(namespace=fresh_namespace()) as connection:
        assert _verdicts(connection)["library"] == "ok"


@pytest.mark.parametrize(
    ("free", "verdict"), [(10**12, "ok"), (10**8, "warning"), (10**6, "problem")]
)
def test_disk_space_runs_out_in_steps(free: int, verdict: str) -> None:
    """First there is little of it, then none that would do."""
    assert str(disk_space(Path("/blobs"), free).verdict) == verdict


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    """Also when it has no name that can be one; nothing is left in one that can."""
    strict = Settings(home=tmp_path, durability="strict")
    assert next(blob_checks(strict)).found.endswith("can be written and synced")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    for store in ("/dev/null/blobs", "s3://bucket"):
        (check, *_) = blob_checks(Settings(home=tmp_path, store=store))
        assert check.verdict is Verdict.PROBLEM


def test_a_subscription_that_has_stopped_is_found(raincheck: CommandLine) -> None:
    """With its reason and the way on; those that work are only counted."""
    index = raincheck.deployment.index
    assert _found(raincheck.document("doctor"), "events") == []
    subscribe(index, "working")
    assert _found(raincheck.document("doctor"), "events")[0][0] == "ok"
    subscribe(index, "resting")
    index.subscriptions.pause("resting", "for the night")
    subscribe(index, "lagging")
    index.subscriptions.pause("lagging", "")
    driver = Driver(index)
    for _ in range(3):
        driver.publish("model")
    advance(index)
    index.runs.trim(most_events=1)
    index.subscriptions.resume("lagging")
    advance(index)
    found = _found(raincheck.document("doctor"), "events")
    assert found == [
        ("warning", "resting is paused: for the night"),
        (
            "warning",
            "lagging lags: events after 1-0 up to 2-1 were forgotten before it looked at them",
        ),
    ]
