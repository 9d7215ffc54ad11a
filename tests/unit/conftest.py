"""Fixtures of the unit tests: no server, no network."""

from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import Deployment, use_deployment
from tests.support.deployments import local_deployment
from tests.support.servers import fake_index


@pytest.fixture
def deployment(tmp_path: Path) -> Generator[Deployment]:
    """An empty deployment in use: index on fakeredis, messages in this process."""
    with (
        local_deployment(tmp_path / "home", fake_index()) as deployment,
        use_deployment(deployment),
    ):
        yield deployment
