"""The examples in other languages, which know the contract and nothing of our code."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import Client, load_artifact, save_artifact, use_deployment
from raincheck.blobs.digest import digest_of
from raincheck.testing import wait_until_waiting
from raincheck_contracts._base import JsonValue
from tests.chaos.faults.server import ChaosServer
from tests.functional.pipelines import read_nightly
from tests.support.documentation import ROOT, blocks_of
from tests.support.odd_servers import free_port
from tests.support.programs import program
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet

pytestmark = pytest.mark.functional

FOLLOW = ROOT / "examples" / "other_languages" / "follow_events.sh"
PUBLISH = FOLLOW.with_name("publish_value.sh")
PAGE = ROOT / "docs" / "how-to" / "other-languages.md"


@contextmanager
def _follower(output: Path, *arguments: str | int) -> "Generator[subprocess.Popen[bytes]]":
    with output.open("wb") as out:
        command = [program("bash"), str(FOLLOW), *map(str, arguments)]
        reader = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield reader
    finally:
        reader.kill()
        reader.wait()


def test_bash_follows_the_event_log(port_server: ChaosServer, tmp_path: Path) -> None:
    """What is kept, then what comes; and on from a position, if nothing is missing there."""
    output = tmp_path / "output"
    with running_fleet(port_server.url) as fleet, use_deployment(fleet.deployment):
        place = ("127.0.0.1", port_server.port, fleet.deployment.settings.namespace)
        save_artifact(1, "model")
        with _follower(output, *place):
            wait_until(lambda: output.read_text() == "1-1 published model@1\n", 10)
            Client().set_alias("model", "best")
            Client().log_metadata("model", {"MSE": 0.5})
            lines = ["1-1 published model@1", "2-1 alias model@1", "3-1 metadata model@1"]
            wait_until(lambda: output.read_text().splitlines() == lines, 10)
        with _follower(output, *place, "2-1"):
            wait_until(lambda: output.read_text().splitlines() == lines[2:], 10)
        fleet.deployment.index.runs.trim(most_events=1)
        with _follower(output, *place, "1-1") as reader:
            assert reader.wait(10) == 1
        expected = "the events up to 2-1 are no longer kept: some after 1-1 are missing\n"
        assert output.read_text() == expected


@pytest.fixture
def served(port_server: ChaosServer) -> "Generator[Fleet]":
    """A deployment on a server with a port, which its index has opened."""
    with running_fleet(port_server.url) as fleet, use_deployment(fleet.deployment):
        fleet.deployment.index.versions.resolve([])
        yield fleet


def _place(fleet: Fleet) -> list[str]:
    url = fleet.deployment.settings.url or ""
    port = url.rpartition(":")[2].partition("/")[0]
    return ["--port", port, "--namespace", fleet.deployment.settings.namespace]


def _publish(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program("b3sum")
    command = [program("bash"), str(PUBLISH), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def _published(*arguments: str) -> str:
    done = _publish(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_bash_publishes_what_a_pipeline_waits_for(served: Fleet) -> None:
    """Value, metadata and tag arrive; a repeat with the same request id changes nothing."""
    served.start(concurrency=1)
    run = read_nightly.delay("rule")
    assert "waits for rule?tag=nightly" in wait_until_waiting(run)
    options = ["--request", "a1", "--metadata", "MSE=0.25", "--tag", "reviewed", "--tag", "nightly"]
    words = [*_place(served), *options, "rule", '{"b": 0.5, "a": 2}']
    assert _published(*words) == "rule@1\n"
    assert run.get(timeout=20) == ["dict", {"b": 0.5, "a": 2}, 0.25]
    log = served.deployment.index.events
    before = [event.subject for event in log.read()]
    assert before == ["rule@1", "read_nightly.seen.output@1", f"run/{run.id}"]
    assert _published(*words) == "rule@1\n"
    assert [event.subject for event in log.read()] == before
    assert _published(*_place(served), "rule", "2") == "rule@2\n"
    assert Client().get_artifact_version("rule", best="MSE", mode="min").version == "1"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('{"b": [1, {}, []], "a": "é \\" , x"}', {"b": [1, {}, []], "a": 'é " , x'}),
        (" [ 1.0 ,\n-2000.5 ] ", [1.0, -2000.5]),
        ('" two  words "', " two  words "),
        ("12345678901234567890", 12345678901234567890),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        (200 * "[" + 200 * "]", json.loads(200 * "[" + 200 * "]")),
    ],
    ids=["dict", "list", "str", "int", "float", "bool", "null", "deep"],
)
def test_bash_publishes_as_python_does(served: Fleet, written: str, value: JsonValue) -> None:
    """Of each type of value: the record, the bytes and their digest are those of Python."""
    save_artifact(value, "from-python")
    assert _published(*_place(served), "from-bash", written) == "from-bash@1\n"
    records = served.deployment.index.records
    python, bash = (records.version(name, "1") for name in ("from-python", "from-bash"))
    assert python
    assert bash
    assert bash.record.canonical_json() == python.record.canonical_json()
    stored, kept = (records.inline(name, "1") for name in ("from-python", "from-bash"))
    assert kept == stored
    assert bash.record.digest == digest_of(kept or b"")
    assert (loaded := load_artifact("from-bash")) == value
    assert type(loaded) is type(value)


def test_bash_says_why_nothing_was_published(served: Fleet) -> None:
    """What it finds itself, and what the function refuses; each ends with 1."""
    place = _place(served)
    save_artifact(1, "model", version="first")
    refusals = {
        ("--version", "first", "model", "2"): "model@first exists already",
        ("--version", "1001", "model", "2"): "model@1001 cannot be: the next number is 1",
        ("--metadata", "MSE=1e400", "model", "2"): "metadata MSE is not a finite number",
        ("--metadata", "MSE=0,5", "model", "2"): "metadata 'MSE' is no JSON: 0,5",
        ("--tag", "two words", "model", "2"): "tag 'two words' does not match",
        ("Model", "2"): "artifact 'Model' does not match",
        ("model", "[1, 2"): "value is no JSON: [1, 2",
        ("model", "NaN"): "value is no JSON: NaN",
        ("model", r'"\ud83d"'): "value is no JSON",
        ("model", 201 * "[" + 201 * "]"): "value is nested deeper than 200 levels",
        ("model", '"' + 4095 * "x" + '"'): "the value is 4097 bytes, over 4096",
        ("--port", str(free_port()), "model", "2"): "no server answers at 127.0.0.1:",
    }
    for words, why in refusals.items():
        done = _publish(*place, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr
    assert _publish(*place, "model").returncode == 2
    assert len(served.deployment.index.events.read()) == 1


def test_bash_says_what_the_server_says(port_server: ChaosServer) -> None:
    """A server on which Raincheck has never been, and one that asks for a password."""
    place = ("--port", str(port_server.port))
    never = _publish(*place, "model", "2")
    assert "no index of protocol 1 is in namespace 'default': start a worker" in never.stderr
    with running_fleet(port_server.url) as fleet:
        fleet.deployment.index.connection.ask([("CONFIG", "SET", "requirepass", "x")])
        refused = _publish(*place, "model", "2")
    assert "the server says NOAUTH" in refused.stderr
    assert never.returncode == refused.returncode == 1


def test_the_page_shows_the_record_that_python_writes(served: Fleet) -> None:
    """The page's value is saved; its block is the record that the index has then."""
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "json"]
    save_artifact({"threshold": 0.4}, "rule")
    saved = served.deployment.index.records.version("rule", "1")
    assert saved
    assert shown == f"{saved.record.canonical_json()}\n"
