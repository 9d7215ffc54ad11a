"""Every test of this folder has an empty deployment of its own, on a real server."""

from collections.abc import Generator

import pytest

from raincheck import use_deployment
from tests.support.workers import Fleet, running_fleet


@pytest.fixture(autouse=True)
def deployment(valkey_url: str) -> Generator[Fleet]:
    """An empty index and an empty folder of blobs; no worker until a test starts one."""
    with running_fleet(valkey_url) as fleet, use_deployment(fleet.deployment):
        yield fleet
