"""Deployments with real workers. Those that many tests share are started once."""

import secrets
from collections.abc import Callable, Generator

import pytest

from raincheck import use_deployment
from tests.support.workers import Farm, running_farm


@pytest.fixture
def farm(valkey_url: str) -> Generator[Farm]:
    """A deployment of the test's own; it starts the workers that it needs."""
    with running_farm(valkey_url) as farm, use_deployment(farm.deployment):
        yield farm


@pytest.fixture(scope="session")
def _crew(valkey_url: str) -> Generator[Farm]:
    with running_farm(valkey_url) as farm:
        farm.start(concurrency=2)
        yield farm


@pytest.fixture
def crew(_crew: Farm) -> Generator[Farm]:
    """A deployment with a prefork worker of two processes, shared by all tests."""
    with use_deployment(_crew.deployment):
        yield _crew


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Makes a name that no other test uses."""
    return lambda name: f"{name}-{secrets.token_hex(4)}"
