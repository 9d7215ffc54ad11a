"""Attempts of which another process than theirs tells."""

import json
from pathlib import Path

import pytest
from openlineage.client import OpenLineageClient

from raincheck import Deployment
from raincheck_workers.telemetry.openlineage.lost import tell
from tests.support.builders import pipeline, step
from tests.support.driver import Driver
from tests.support.lineage_server import check_event


@pytest.fixture
def driver(deployment: Deployment) -> Driver:
    """Users and workers of the deployment's index."""
    return Driver(deployment.index)


def _told(deployment: Deployment, folder: Path, *lost: tuple[str, str]) -> list[tuple[str, int]]:
    file = folder / "events"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    client = OpenLineageClient(config={"transport": transport})
    tell(deployment, client, [(member, fence, 1.0, "gone") for member, fence in lost])
    lines = file.read_text().splitlines() if file.exists() else []
    found = [json.loads(line) for line in lines]
    for event in found:
        check_event(event)
        assert event["eventType"] == "ABORT"
    return [
        (event["job"]["name"], event["run"]["facets"]["raincheck_attempt"]["attempt"])
        for event in found
    ]


def test_the_attempt_is_that_of_the_fence_or_the_last(
    deployment: Deployment, driver: Driver, tmp_path: Path
) -> None:
    """The last one is meant where a process was killed before its fence was seen."""
    run = driver.submit(pipeline(step("a")))
    fence = driver.attempt(run, "a").fence
    found = _told(deployment, tmp_path, (f"{run}/a", fence), (f"{run}/a", ""), (f"{run}/a", "7:x"))
    assert found == [("p.a", 1), ("p.a", 1), ("p.a", 7)]


def test_what_has_published_is_not_told(
    deployment: Deployment, driver: Driver, tmp_path: Path
) -> None:
    """Nor what the index no longer knows."""
    run = driver.submit(pipeline(step("a")))
    attempt = driver.attempt(run, "a")
    deployment.index.runs.complete(attempt, [], ())
    assert _told(deployment, tmp_path, (f"{run}/a", attempt.fence), ("unknown/a", "1:x")) == []
