"""Every test of this folder has an empty deployment of its own, on a real server."""

from collections.abc import Generator

import pytest

from raincheck import use_deployment
from tests.support.workers import Farm, running_farm


@pytest.fixture(autouse=True)
def deployment(valkey_url: str) -> Generator[Farm]:
    """An empty index and an empty folder of blobs; no worker until a test starts one."""
    with running_farm(valkey_url) as farm, use_deployment(farm.deployment):
        yield farm
