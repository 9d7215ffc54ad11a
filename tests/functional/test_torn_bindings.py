"""One step, one revision: no binding mixes two versions, however fast they are published.

The publisher publishes a model, its MSE and a sibling output, all equal to one counter,
as fast as it can, while two workers run steps that take the latest of each.
"""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from raincheck import Deployment, RunHandle, RunStatus, use_deployment
from tests.support.workers import WorkerFleet

STEPS = 2_000
LOOKUPS = 400

MODULE = '''
from typing import Annotated

from raincheck import Client, log_metadata, pipeline, step


@step
def publish(counter: int) -> tuple[Annotated[int, "model"], Annotated[int, "sibling"]]:
    log_metadata({"MSE": counter}, artifact="model")
    return counter, counter


@pipeline
def publishing(counter: int) -> None:
    publish(counter)


@step
def consume(model: int, mse: int, sibling: int) -> None:
    if not model == mse == sibling:
        raise AssertionError(f"torn: {model} {mse} {sibling}")


@pipeline
def consuming() -> None:
    model = Client().get_artifact_version("model")
    sibling = Client().get_artifact_version("sibling")
    consume(model, model.run_metadata["MSE"].value, sibling)


@step
def look_up() -> Annotated[list[int], "looked_up"]:
    # The mutant: what other tools do, one look-up after another.
    model = Client().get_artifact_version("model").load()
    mse = Client().get_artifact_version("model").run_metadata["MSE"].value
    sibling = Client().get_artifact_version("sibling").load()
    return [model, mse, sibling]


@pipeline
def looking_up() -> list[int]:
    return look_up()
'''

PUBLISHER = """
    import itertools, os, sys
    import torn_pipelines as pipelines
    for counter in itertools.count(1):
        pipelines.publishing(counter)
        print(counter, flush=True)
        if os.getppid() == 1:
            sys.exit()
"""


def _run_all(queue: Callable[[], RunHandle], count: int) -> list[RunHandle]:
    handles = [queue() for _ in range(count)]
    for handle in handles:
        handle.wait(120)
    return handles


@pytest.mark.functional
@pytest.mark.timeout(150)
def test_no_step_binds_two_versions_and_single_lookups_do(
    deployment: Deployment, workers: WorkerFleet, tmp_path: Path
) -> None:
    """2,000 steps bind one version each; the same by single look-ups mixes some."""
    pipelines = workers.write_module("torn_pipelines", MODULE)
    for _ in range(2):
        workers.start("torn_pipelines", concurrency=1)
    output = (tmp_path / "published").open("w")
    publisher = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PUBLISHER)],
        env=workers.environment,
        stdout=output,
    )
    try:
        with use_deployment(deployment):
            handles = _run_all(pipelines.consuming.delay, STEPS)
            bound = {handle.id: handle.run() for handle in handles}
            looked_up = [
                handle.get(60) for handle in _run_all(pipelines.looking_up.delay, LOOKUPS)
            ]
    finally:
        publisher.kill()
        publisher.wait()
        output.close()
    published = int((tmp_path / "published").read_text().split()[-1])
    versions = set()
    for run in bound.values():
        assert run.status is RunStatus.SUCCEEDED, run
        bindings = run.steps[0].bindings
        assert len({binding.version for binding in bindings.values()}) == 1, bindings
        versions.add(bindings["model:latest"].version)
    torn = [values for values in looked_up if len(set(map(str, values or []))) > 1]
    print(f"\n{STEPS} steps over {len(versions)} of {published} versions: 0 mixed")
    print(f"{LOOKUPS} steps by single look-ups: {len(torn)} mixed")
    assert len(versions) > 50, "too few publications during the run to prove anything"
    assert torn, "single look-ups never mixed: the publisher was too slow to prove anything"
