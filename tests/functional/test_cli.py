"""The command line with a real worker, each command a process of its own."""

import json
import shutil
import signal
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support.commands import run, start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.functional

MODULE = """
from typing import Annotated

from raincheck import Client, log_metadata, pipeline, step


@step
def half(x: float) -> Annotated[float, "halved"]:
    log_metadata({"of": x})
    return x / 2


@step
def refuse(x: float) -> float:
    raise ValueError(f"{x} is not wanted")


@step
def use(value: float, of: float) -> Annotated[float, "used"]:
    return value + of


@pipeline
def good(x: float = 3.0) -> None:
    half(x)


@pipeline
def bad(x: float = 3.0) -> None:
    refuse(x)


@pipeline
def newest() -> None:
    halved = Client().get_artifact_version("halved")
    use(halved, halved.run_metadata["of"])


@pipeline
def later() -> None:
    halved = Client().get_artifact_version("halved", version="1000")
    use(halved, halved.run_metadata["of"])
"""


@dataclass(frozen=True)
class Place:
    """A folder with a module of pipelines, its embedded server and one worker."""

    folder: Path

    def raincheck(self, *arguments: str) -> "CompletedProcess[str]":
        """Run a command in the folder."""
        return run(arguments, self.folder, {})

    def document(self, *arguments: str) -> Any:
        """Run a command that succeeds and prints JSON."""
        done = self.raincheck(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place() -> Generator[Place]:
    """One worker for all tests of this file, ended as a person or a service would."""
    folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    (folder / "halving.py").write_text(MODULE, encoding="utf-8")
    with (folder / "worker.log").open("w") as log:
        arguments = ["worker", "halving", "--concurrency", "1", "--name", "cli@%h"]
        worker = start(arguments, folder, {}, log.fileno())
    try:
        wait_until(lambda: " ready." in (folder / "worker.log").read_text(), 40)
        yield Place(folder)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert "Warm shutdown" in (folder / "worker.log").read_text()
    finally:
        worker.kill()
        worker.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_run_is_followed_and_then_shown(place: Place) -> None:
    """`enqueue --wait` ends with 0 and prints the id under which `runs show` finds the run.

    What the run's references became is shown with one version and one revision.
    """
    made = place.raincheck("enqueue", "halving:good", "-p", "x=8", "--wait", "--timeout", "50s")
    assert made.returncode == 0, made.stderr
    assert made.stderr.endswith("run succeeded\n")
    used = place.raincheck("enqueue", "halving:newest", "--wait", "--timeout", "50s")
    assert used.returncode == 0, used.stderr
    run = place.document("runs", "show", used.stdout.strip())
    (step,) = run["steps"]
    bindings = step["bindings"].values()
    assert step["bindings"]["halved:latest#/of"]["value"] == 8.0
    assert len({(binding["version"], binding["revision"]) for binding in bindings}) == 1


def test_a_run_is_repeated_on_what_it_had_or_on_what_there_is(place: Place) -> None:
    """The same values by default, the newest with --fresh, and one input replaced with --input."""

    def run(*arguments: str) -> tuple[Any, list[str]]:
        made = place.document(*arguments, "--wait")
        bindings = made["steps"][0]["bindings"].items()
        return made, sorted(f"{name} {binding['version']}" for name, binding in bindings)

    place.document("enqueue", "halving:good", "-p", "x=8", "--wait")
    first, bound = run("enqueue", "halving:newest")
    old = bound[0].split()[1]
    new = str(int(old) + 1)
    place.document("enqueue", "halving:good", "-p", "x=2", "--wait")
    rerun = ("runs", "rerun", first["id"])
    assert run(*rerun)[1] == [f"halved@{old} {old}", f"halved@{old}#/of {old}"]
    assert run(*rerun, "--fresh")[1] == [f"halved:latest {new}", f"halved:latest#/of {new}"]
    made, bound = run(*rerun, "--input", f"use.value=halved@{new}")
    assert bound == [f"halved@{old}#/of {old}", f"halved@{new} {new}"]
    assert made["fork"] == {"run": first["id"], "replaced": {"use.value": f"halved@{new}"}}


def test_a_failed_run_is_exit_code_1_with_its_error(place: Place) -> None:
    """The error of the step is one line; `runs show --traceback` has the rest."""
    queued = place.raincheck("enqueue", "halving:bad", "--wait", "--timeout", "50s")
    assert queued.returncode == 1
    assert "refuse  failed: builtins.ValueError: 3.0 is not wanted" in queued.stderr
    shown = place.raincheck("runs", "show", queued.stdout.strip(), "--traceback")
    assert "halving.py" in shown.stdout


def test_a_run_that_waits_is_listed_until_it_is_cancelled(place: Place) -> None:
    """`--timeout` is exit code 3; `waiting` names each missing reference; `cancel` ends it."""
    queued = place.raincheck("enqueue", "halving:later", "--wait", "--timeout", "1s")
    assert queued.returncode == 3, queued.stderr
    run = queued.stdout.strip()
    waiting = {step["run"]: step for step in place.document("waiting")}
    missing = {item["reference"] for item in waiting[run]["missing"]}
    assert missing == {"halved@1000", "halved@1000#/of"}
    assert place.raincheck("runs", "cancel", run).stdout == f"run {run} is cancelled\n"


def test_an_interrupted_wait_is_exit_code_130_and_the_run_goes_on(place: Place) -> None:
    """Ctrl-C ends the looking, not the run."""
    waiting = start(["enqueue", "halving:later", "--wait"], place.folder, {})
    assert waiting.stdout is not None
    run_id = waiting.stdout.readline().strip()
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    assert "Traceback" not in said
    assert place.document("runs", "show", run_id)["status"] in {"queued", "waiting"}
    place.raincheck("runs", "cancel", run_id)


def test_the_doctor_sees_the_worker_and_its_queue(place: Place) -> None:
    """A living worker that serves the queue is no problem, nor is anything else here."""
    found = [item["found"] for item in place.document("doctor") if item["verdict"] == "ok"]
    assert [text for text in found if text.endswith(" lives")] != []
    assert [text for text in found if "served by cli@" in text] != []
