"""Steps with `cache=` from end to end: computed once, taken again, told wherever runs are shown."""

import threading
from pathlib import Path
from typing import Annotated

import pytest

from raincheck import Client, Deployment, RunHandle, log_metadata, pipeline, save_artifact, step
from raincheck.artifact_store import ArtifactStore
from raincheck_contracts.runs import RunStatus, StepState
from raincheck_workers.execution.outcomes import Result
from raincheck_workers.thread import worker_thread
from tests.functional.pipelines import note, wait_for
from tests.support.command_line import run_command
from tests.support.local_execution import LocalWorker

pytestmark = pytest.mark.usefixtures("deployment")


@step(cache=True)
def trained(data: float, log: str, fail: str = "") -> Annotated[float, "fitted"]:
    """Notes that it computes."""
    count = note(log, "computes")
    if fail and not Path(fail).exists():
        Path(fail).touch()
        raise ValueError("the first fails")
    log_metadata({"rows": count})
    return data * 2


@step
def scored(fitted: float) -> Annotated[float, "scored"]:
    """After it."""
    return fitted + 1


@step(cache="1h")
def noted(log: str) -> None:
    """Makes nothing."""
    note(log, "noted")


@step(cache=True)
def held_open(log: str, gate: str) -> Annotated[int, "opened"]:
    """Computes until the test lets it end."""
    note(log, "computes")
    wait_for(gate)
    return 1


@pipeline
def training(log: str, fail: str = "") -> float:
    """A cached step and one that is not."""
    return scored(trained(Client().get_artifact_version("data"), log, fail))


@pipeline
def noting(log: str) -> None:
    """One step without outputs."""
    noted(log)


@pipeline
def opening(log: str, gate: str) -> int:
    """One step that the test ends."""
    return held_open(log, gate)


@pytest.fixture
def worker(deployment: Deployment) -> LocalWorker:
    """A worker of one slot."""
    return LocalWorker(deployment)


@pytest.fixture
def log(tmp_path: Path) -> str:
    """Where steps note that they compute."""
    return str(tmp_path / "log")


def ran(*arguments: str) -> str:
    """What a command prints, its lines joined."""
    answer = run_command(*arguments)
    assert answer.code == 0, answer.err
    return " ".join(answer.out.split())


def _lines(log: str) -> int:
    return len(Path(log).read_text().splitlines())


def test_the_same_bytes_are_computed_once(worker: LocalWorker, log: str) -> None:
    """Also as another version; other bytes are computed anew."""
    values = [1.0, 1.0, 2.0]
    handles: list[RunHandle] = []
    for value in values:
        save_artifact(value, "data")
        handles.append(training.delay(log))
        worker.work()
    assert [handle.get(timeout=1) for handle in handles] == [3.0, 3.0, 5.0]
    assert _lines(log) == 2
    assert [handle.run().steps[0].outputs["fitted"] for handle in handles] == [
        "fitted@1",
        "fitted@1",
        "fitted@2",
    ]
    assert Client().get_artifact_version("fitted", 1).run_metadata["rows"].value == 1


def test_a_hit_is_told_wherever_the_run_is_shown(
    worker: LocalWorker, log: str, tmp_path: Path
) -> None:
    """With who computed, and that the version was there before."""
    save_artifact(1.0, "data")
    first, second = training.delay(log), training.delay(log)
    outcomes = worker.work()
    origin = f"{first.id}/trained"
    (hit,) = [outcome for outcome in outcomes if outcome.cached_from]
    assert hit.summary()["cached_from"] == origin
    assert hit.summary()["reused"] == {"fitted": "fitted@1"}
    assert "published" not in hit.summary()
    words = f"taken from the cache: computed in run {first.id} step trained"
    shown = ran("runs", "show", second.id)
    assert words in shown
    assert "trained took fitted@1" in shown
    page = tmp_path / "run.html"
    ran("runs", "show", second.id, "--output", str(page))
    assert words in page.read_text()
    assert "from the cache" in ran("runs", "show", second.id, "--graph")


def test_lineage_names_who_computed_what_was_taken(
    worker: LocalWorker, log: str, tmp_path: Path
) -> None:
    """From both ends, as a tree, a flowchart and a page."""
    save_artifact(1.0, "data")
    first, second = training.delay(log), training.delay(log)
    worker.work()
    words = f"taken from the cache: computed in run {first.id} step trained"
    tree = ran("lineage", "data@1", "--down")
    assert f"training.trained of {second.id}, {words}" in tree
    assert "fitted, from the cache" in tree
    made = second.run().steps[1].outputs["scored"]
    up = ran("lineage", made, "--up")
    assert "(fitted = trained.fitted, from the cache)" in up
    assert f"training.trained of {first.id} (fitted)" in up
    lineage = tmp_path / "lineage.html"
    ran("lineage", "data@1", "--output", str(lineage))
    assert words in lineage.read_text()
    assert "from the cache" in ran("lineage", "data@1", "--format", "mermaid")


def test_nothing_is_loaded_for_a_hit(
    worker: LocalWorker, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is made of digests."""
    save_artifact(1.0, "data")
    training.delay(log)
    worker.work()
    second = training.delay(log)

    def load(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(ArtifactStore, "load", load)
    outcomes = worker.work()
    assert outcomes[0].cached_from is not None
    assert second.run().steps[0].state is StepState.SUCCEEDED


def test_a_step_without_outputs_is_done_once(worker: LocalWorker, log: str) -> None:
    """Its hit says that it was done."""
    handles = [noting.delay(log) for _ in range(3)]
    worker.work()
    assert {handle.status() for handle in handles} == {RunStatus.SUCCEEDED}
    assert _lines(log) == 1


def test_a_run_may_compute_anyhow(worker: LocalWorker, log: str) -> None:
    """Without taking and without keeping."""
    for _ in range(2):
        noting.delay(log)
        noting.apply_async((log,), cache=False)
    worker.work()
    assert _lines(log) == 3


def test_inline_runs_take_outputs_too(log: str) -> None:
    """They were computed by an earlier one."""
    save_artifact(1.0, "data")
    assert training(log) == 3.0
    assert training(log) == 3.0
    assert _lines(log) == 1


def test_who_waits_says_for_whom(
    worker: LocalWorker, deployment: Deployment, log: str, tmp_path: Path
) -> None:
    """In `why`, in the list of what waits, and in the outcome of its message."""
    gate = str(tmp_path / "gate")
    first = opening.delay(log, gate)
    computing = threading.Thread(target=worker.work)
    computing.start()
    while not Path(log).exists():
        pass
    second = opening.delay(log, gate)
    (outcome,) = LocalWorker(deployment).work()
    words = f"waits for the same computation in run {first.id} step held_open"
    assert (outcome.result, outcome.detail) == (Result.PARKED, words)
    assert second.status() is RunStatus.WAITING
    assert words in second.why()
    assert words in ran("runs", "show", second.id)
    assert words in ran("waiting")
    Path(gate).touch()
    computing.join()
    worker.work()
    assert second.get(timeout=1) == 1
    assert _lines(log) == 1


def test_twenty_runs_at_once_compute_once(deployment: Deployment, log: str, tmp_path: Path) -> None:
    """By four workers; the first computation fails, and one other takes its place."""
    save_artifact(1.0, "data")
    fail = str(tmp_path / "failed")
    handles = [training.delay(log, fail) for _ in range(20)]
    workers = [LocalWorker(deployment) for _ in range(4)]
    while not all(handle.status().final for handle in handles):
        threads = [threading.Thread(target=one.work) for one in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = [handle.status() for handle in handles]
    assert statuses.count(RunStatus.FAILED) == 1
    assert _lines(log) == 2
    assert len(list(Client().list_artifact_versions("fitted"))) == 1


def test_a_worker_in_a_thread_takes_outputs(deployment: Deployment, log: str) -> None:
    """With its heartbeat and sweeper."""
    deployment.hints.app.conf.broker_transport_options["polling_interval"] = 0.01
    save_artifact(1.0, "data")
    with worker_thread(deployment):
        handles = [training.delay(log) for _ in range(3)]
        assert [handle.get(timeout=20) for handle in handles] == [3.0] * 3
    assert _lines(log) == 1
