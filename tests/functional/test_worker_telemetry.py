"""Logs, traces and metrics of real workers."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from prometheus_client.parser import text_string_to_metric_families

from raincheck import RunHandle, RunStatus, save_artifact
from raincheck_contracts.messages import RUN_TASK_NAME, RunRequest
from raincheck_contracts.runs import StepState
from raincheck_workers.inline import run_inline
from tests.functional import observed_pipelines, pipelines
from tests.functional.observed_pipelines import observed
from tests.support.spans import attributes_of, names_below, span_exporter, span_named
from tests.support.waiting import wait_until
from tests.support.workers import PIPELINES, ROOT, Fleet, Worker, lines, step_run

pytestmark = pytest.mark.functional

OBSERVED = (observed_pipelines.__name__,)


def _run_observed(name: str) -> RunHandle:
    """Queue before the artifact is there, so that another process sends the hint."""
    handle = observed.delay(name)
    wait_until(lambda: step_run(handle, "flaky").state is StepState.WAITING, 20)
    save_artifact(2.0, name)
    assert handle.wait(30) is RunStatus.SUCCEEDED
    return handle


def _end(worker: Worker) -> None:
    worker.signal(signal.SIGTERM)
    worker.process.wait(40)


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_one_trace_from_the_call_to_the_last_step(
    fleet: Fleet, fresh: Callable[[str], str], pool: str
) -> None:
    """Through a step that waited, was woken and retried, and one that its task went on with."""
    worker = fleet.start(pool=pool, concurrency=1, imports=OBSERVED)
    span_exporter().clear()
    with trace.get_tracer("caller").start_as_current_span("request"):
        handle = _run_observed(fresh("model"))
    _end(worker)
    enqueued = span_named(span_exporter(), "enqueue observed").context
    assert enqueued is not None
    found = [json.loads(line) for line in lines(fleet.folder / "spans")]
    steps = [span for span in found if span["name"].startswith("step ")]
    results = [(span["name"], span["attributes"]["raincheck.result"]) for span in steps]
    assert results == [
        ("step flaky", "waiting"),
        ("step flaky", "retry"),
        ("step flaky", "succeeded"),
        ("step logging_step", "succeeded"),
    ]
    assert {span["context"]["trace_id"] for span in found} == {f"0x{enqueued.trace_id:032x}"}
    assert {span["parent_id"] for span in steps} == {f"0x{enqueued.span_id:016x}"}
    assert {span["attributes"]["raincheck.run"] for span in steps} == {handle.id}
    tried = [span["status"]["status_code"] for span in steps]
    assert tried == ["UNSET", "ERROR", "UNSET", "UNSET"]


def test_a_run_that_a_worker_queues_belongs_to_the_trace_of_its_request(fleet: Fleet) -> None:
    """Of a scheduler, or a caller that cannot compile; the worker's own spans are below it."""
    worker = fleet.start(pool="solo", concurrency=1, imports=OBSERVED)
    request = RunRequest(
        namespace=fleet.deployment.settings.namespace,
        pipeline=f"{OBSERVED[0]}:log_it",
        parameters={"value": 1.0},
    )
    trace_id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    fleet.deployment.hints.app.send_task(
        RUN_TASK_NAME,
        kwargs=request.model_dump(mode="json"),
        headers={"traceparent": f"00-{trace_id}-{parent}-01"},
    )
    wait_until(lambda: "] step succeeded " in worker.log, 20)
    _end(worker)
    found = [json.loads(line) for line in lines(fleet.folder / "spans")]
    by_name = {span["name"]: span for span in found}
    assert by_name["enqueue log_it"]["parent_id"] == f"0x{parent}"
    assert by_name["step logging_step"]["context"]["trace_id"] == f"0x{trace_id}"


def test_an_inline_run_has_the_same_spans(fleet: Fleet, fresh: Callable[[str], str]) -> None:
    """Below its enqueueing, though nothing is queued."""
    assert fleet.workers == []
    name = fresh("model")
    save_artifact(1.5, name)
    span_exporter().clear()
    assert run_inline(pipelines.double_newest, (name,), {}) == 3.0
    enqueued = span_named(span_exporter(), "enqueue double_newest")
    assert names_below(span_exporter(), enqueued) == ["step double"]
    step = span_named(span_exporter(), "step double")
    assert attributes_of(step)["run"] == attributes_of(enqueued)["run"]
    stages = ["claim", f"materialize {name}:latest", "call", "store", "publish"]
    assert names_below(span_exporter(), step) == stages


def _documents(worker: Worker) -> list[dict[str, Any]]:
    """The lines of a log, without what Celery writes past it: at its start and its end."""
    text = worker.log.replace("\nworker: Warm shutdown (MainProcess)\n", "")
    rows = text[text.index("{") :].splitlines()
    return [json.loads(row, parse_constant=pytest.fail) for row in rows]


def test_a_json_log_is_json_line_by_line(fleet: Fleet, fresh: Callable[[str], str]) -> None:
    """Celery's records, the author's and libraries', with what step they belong to."""
    form = {"RAINCHECK_LOG_FORMAT": "json"}
    worker = fleet.start("--loglevel", "DEBUG", concurrency=1, imports=OBSERVED, environment=form)
    name = fresh("model")
    handle = _run_observed(name)
    _end(worker)
    found = _documents(worker)
    for document in found:
        assert {"time", "level", "logger", "message", "process"} <= set(document)
    by_message = {document["message"]: document for document in found}
    step = {"run": handle.id, "pipeline": "observed", "step": "logging_step", "attempt": 1}
    for message in ("the author's word", "printed", "a library's word", "step succeeded"):
        assert step.items() <= by_message[message].items()
    assert by_message["the author's word"]["loss"] == "nan"
    assert "run" not in by_message["from a thread"]
    failed = by_message["step failed"]
    assert (failed["step"], failed["attempt"]) == ("flaky", 1)
    assert failed["exception"].endswith("ValueError: the first try")
    for action, artifact in (("artifact_published", "logged"), ("artifact_materialized", name)):
        about = next(item for item in found if item.get("action") == action)
        assert about["version"] == "1"
        assert artifact in {item["artifact"] for item in found if item.get("action") == action}
    assert any(item["logger"] == "celery.worker.strategy" for item in found)


def test_a_text_log_has_the_fields_after_celerys_line(fleet: Fleet) -> None:
    """In the same order; what is outside of a step has none of its fields."""
    worker = fleet.start(concurrency=1)
    handle = pipelines.double_given.delay(1.0)
    assert handle.get(timeout=20) == 2.0
    named = f"action=step_succeeded run={handle.id} pipeline=double_given step=double"
    published = step_run(handle, "double").outputs["output"]
    line = f"] step succeeded {named} detail={published} attempt=1\n"
    wait_until(lambda: line in worker.log, 10)
    (ready,) = [line for line in worker.log.splitlines() if "] worker ready " in line]
    assert ready.endswith(f"action=worker_ready node={fleet.node_of(worker)}")


def test_a_users_own_application_keeps_its_log(fleet: Fleet) -> None:
    """It takes over our tasks, not our log and metrics, though ours is imported beside it."""
    (fleet.folder / "theirs.py").write_text(
        "from celery import Celery\n"
        "import raincheck_workers.celery\n"
        "from raincheck_workers.tasks import add_tasks\n"
        "app = Celery('theirs', broker='memory://')\n"
        "add_tasks(app)\n"
    )
    log = fleet.folder / "theirs.log"
    command = [sys.executable, "-m", "celery", "-A", "theirs", "worker", "--pool", "solo"]
    ours = {"RAINCHECK_LOG_FORMAT": "json", "RAINCHECK_METRICS_PORT": "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--loglevel", "INFO"],
            cwd=fleet.folder,
            env=fleet.environment(ours),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "INFO/MainProcess] celery@" in log.read_text(), 30)
        assert "metrics served" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def _scrape(worker: Worker) -> dict[tuple[str, ...], float]:
    """Name and label values -> value."""
    wait_until(lambda: "url=" in worker.log, 10)
    url = worker.log.split("url=")[1].split()[0]
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 - http on loopback
        families = list(text_string_to_metric_families(reply.read().decode()))
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


#: In the first column of a table.
_METRIC = re.compile(r"^\| `(raincheck_\w+)`", re.MULTILINE)


def _serving(fleet: Fleet) -> dict[str, str]:
    """Any port; the files go with the fleet, for its workers are killed in the end."""
    return {"RAINCHECK_METRICS_PORT": "0", "TMPDIR": str(fleet.folder)}


def test_what_the_index_holds_is_read_at_each_scrape(
    fleet: Fleet, fresh: Callable[[str], str]
) -> None:
    """Of two live runs one waits and one is queued behind a third that holds the only slot."""
    worker = fleet.start(concurrency=1, environment=_serving(fleet))
    waiting = pipelines.double_newest.delay(fresh("model"))
    wait_until(lambda: waiting.status() is RunStatus.WAITING, 20)
    log, gate = fleet.folder / "log", fleet.folder / "gate"
    pipelines.hold.delay(str(log), str(gate))
    wait_until(lambda: lines(log), 20)
    queued = pipelines.double_given.delay(1.0)
    namespace = fleet.deployment.settings.namespace
    found = _scrape(worker)
    assert found["raincheck_index_up", namespace] == 1
    assert found["raincheck_waiting_steps", namespace] == 1
    assert found["raincheck_live_runs", namespace] == 3
    assert found["raincheck_nodes", namespace] == 1
    assert found["raincheck_queued_steps", namespace, "raincheck"] == 1
    assert found["raincheck_queue_age_seconds", namespace, "raincheck"] > 0
    gate.touch()
    assert queued.wait(20) is RunStatus.SUCCEEDED
    assert _scrape(worker)["raincheck_queued_steps", namespace, "raincheck"] == 0


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_the_steps_of_all_processes_are_counted_together(
    fleet: Fleet, fresh: Callable[[str], str], pool: str
) -> None:
    """By the main process; two steps are held, so that two processes have run one each."""
    worker = fleet.start(pool=pool, concurrency=2, environment=_serving(fleet))
    name, log, gate = fresh("model"), fleet.folder / "log", fleet.folder / "gate"
    save_artifact(2.0, name)
    held = [pipelines.hold_newest.delay(str(log), str(gate), name) for _ in range(2)]
    wait_until(lambda: len(lines(log)) == 2, 20)
    gate.touch()
    for handle in held:
        assert handle.wait(20) is RunStatus.SUCCEEDED
    ended = ("raincheck_step_outcomes_total", "hold_newest", "succeeded", "held")
    wait_until(lambda: _scrape(worker).get(ended) == 2, 20)
    found = _scrape(worker)
    assert found["raincheck_step_duration_seconds_count", "hold_newest", "held"] == 2
    assert found["raincheck_binding_seconds_count",] == 2
    assert found["raincheck_materialization_seconds_count", "json"] == 2
    assert found["raincheck_materialized_bytes_total",] == 6
    assert found["raincheck_published_bytes_total",] == 6
    documented = set(_METRIC.findall((ROOT / "docs" / "observability.md").read_text()))
    suffixes = re.compile("_(sum|count|bucket|created)$")
    assert {suffixes.sub("", name) for name, *_ in found} == documented


def test_a_process_that_takes_the_place_of_another_counts_on(fleet: Fleet) -> None:
    """Nothing is lost with a process, and the folder grows with none; it goes with the worker."""
    worker = fleet.start("--max-tasks-per-child", "2", concurrency=1, environment=_serving(fleet))
    for _ in range(7):
        assert pipelines.double_given.delay(1.0).get(timeout=20) == 2.0
    done = ("raincheck_step_outcomes_total", "double_given", "succeeded", "double")
    wait_until(lambda: _scrape(worker).get(done) == 7, 20)
    (folder,) = fleet.folder.glob("raincheck-metrics-*")
    assert {file.name for file in folder.glob("counter_*")} <= {
        *("counter_0.db", "counter_main.db"),
    }
    _end(worker)
    assert not folder.exists()


def _without_packages(fleet: Fleet) -> dict[str, str]:
    """An environment whose Python finds neither OpenTelemetry nor prometheus_client."""
    (fleet.folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'opentelemetry', 'prometheus_client'}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    return {"PYTHONPATH": str(fleet.folder)}


def test_everything_else_works_without_the_packages(fleet: Fleet) -> None:
    """A worker runs steps and logs them; a caller queues and runs inline."""
    environment = _without_packages(fleet)
    worker = fleet.start(concurrency=1, environment=environment)
    code = (
        "from tests.functional.pipelines import chain_of_ten, double_given\n"
        "assert chain_of_ten.delay(1.0).get(timeout=20) == 11.0\n"
        "assert double_given(1.0) == 2.0\n"
        "import sys\n"
        "assert not {'opentelemetry', 'prometheus_client'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=fleet.environment(environment), check=True
    )
    wait_until(lambda: worker.log.count("] step succeeded ") == 10, 10)


@pytest.mark.parametrize("command", ["celery", "raincheck"])
def test_metrics_that_cannot_be_served_end_the_worker_before_it_starts(
    fleet: Fleet, command: str
) -> None:
    """Without the package, or on a taken port: one line, exit code 2."""
    asked = _serving(fleet)
    said = _refused(fleet, command, {**asked, **_without_packages(fleet)})
    assert said == (
        "error: RAINCHECK_METRICS_PORT: prometheus-client is not installed; "
        "pip install 'raincheck[telemetry]'"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = _refused(fleet, command, {**asked, "RAINCHECK_METRICS_PORT": str(port)})
    assert said == f"error: RAINCHECK_METRICS_PORT: 127.0.0.1:{port}: Address already in use"
    assert list(fleet.folder.glob("raincheck-metrics-*")) == []


def _refused(fleet: Fleet, command: str, environment: dict[str, str]) -> str:
    """The last line of a worker that does not start."""
    arguments = {
        "celery": ["-m", "celery", "-A", "raincheck_workers", "worker", "-I", PIPELINES],
        "raincheck": ["-c", "from raincheck_workers.cli import main; main()", "worker", PIPELINES],
    }
    shown = subprocess.run(
        [sys.executable, *arguments[command]],
        cwd=ROOT,
        env=fleet.environment(environment),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert shown.returncode == 2, shown.stdout + shown.stderr
    return shown.stderr.splitlines()[-1]
