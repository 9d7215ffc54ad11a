"""One step, one revision: no binding mixes two versions, however fast they are published.

The publisher publishes a model, its MSE and a sibling output, all equal to one counter,
as fast as it can, while two workers run steps that take the newest of each.
"""

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raincheck import RunHandle, RunStatus
from tests.functional import torn_pipelines
from tests.support.workers import ROOT, Fleet

STEPS = 2_000
LOOKUPS = 300


@contextmanager
def _publishing(fleet: Fleet, printed: Path) -> Generator[None]:
    command = [sys.executable, "-m", "tests.functional.torn_pipelines"]
    with printed.open("w") as output:
        publisher = subprocess.Popen(command, cwd=ROOT, env=fleet.environment({}), stdout=output)
        try:
            yield
        finally:
            publisher.kill()
            publisher.wait()


def _run_all(queue: Callable[[], RunHandle], count: int) -> list[RunHandle]:
    handles = [queue() for _ in range(count)]
    for handle in handles:
        handle.wait(120)
    return handles


@pytest.mark.functional
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.timeout(180)
def test_no_step_binds_two_versions_and_single_lookups_do(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2,000 steps bind one publication each; the same by single look-ups mixes some."""
    module = "tests.functional.torn_pipelines"
    for _ in range(2):
        fleet.start(concurrency=1, imports=[module])
    printed = tmp_path / "published"
    with _publishing(fleet, printed):
        runs = [handle.run() for handle in _run_all(torn_pipelines.consuming.delay, STEPS)]
        looked_up = [h.get() for h in _run_all(torn_pipelines.looking_up.delay, LOOKUPS)]
    published = int(printed.read_text().split()[-1])
    versions = set()
    for run in runs:
        assert run.status is RunStatus.SUCCEEDED, run
        bindings = run.steps[0].bindings
        assert len(bindings) == 3
        assert len({binding.version for binding in bindings.values()}) == 1, bindings
        versions.add(bindings["model:latest"].version)
    torn = [values for values in looked_up if isinstance(values, list) and len(set(values)) > 1]
    with capsys.disabled():
        print(f"\n{STEPS} steps over {len(versions)} of {published} publications: 0 mixed")
        print(f"{LOOKUPS} steps by single look-ups: {len(torn)} mixed")
    assert len(versions) > 20, "too few publications during the run to prove anything"
    assert torn, "single look-ups never mixed: the publisher was too slow to prove anything"
