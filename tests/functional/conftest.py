"""Deployments with real workers. Those that many tests share are started once."""

import secrets
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from raincheck import use_deployment
from tests.chaos.faults.server import ChaosServer
from tests.support.rabbitmq import RabbitServer, rabbit_server
from tests.support.workers import Fleet, running_fleet


@pytest.fixture
def fleet(valkey_url: str) -> Generator[Fleet]:
    """A deployment of the test's own; it starts the workers that it needs."""
    with running_fleet(valkey_url) as fleet, use_deployment(fleet.deployment):
        yield fleet


@pytest.fixture
def port_server(tmp_path: Path) -> Generator[ChaosServer]:
    """A server on a port that stays over restarts, which a test may kill."""
    server = ChaosServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def _crew(valkey_url: str) -> Generator[Fleet]:
    with running_fleet(valkey_url) as fleet:
        fleet.start(concurrency=2)
        yield fleet


@pytest.fixture
def crew(_crew: Fleet) -> Generator[Fleet]:
    """A deployment with a prefork worker of two processes, shared by all tests."""
    with use_deployment(_crew.deployment):
        yield _crew


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Makes a name that no other test uses."""
    return lambda name: f"{name}-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def rabbit() -> Generator[RabbitServer]:
    """A RabbitMQ server for the whole test run."""
    with rabbit_server() as server:
        yield server


@pytest.fixture
def rabbit_fleet(
    rabbit: RabbitServer, valkey_url: str, request: pytest.FixtureRequest
) -> Generator[Fleet]:
    """A deployment of the test's own whose messages go through RabbitMQ.

    A test may give it another lease, in seconds.
    """
    rabbit.purge()
    lease = float(getattr(request, "param", 600.0))
    with (
        running_fleet(valkey_url, broker_url=rabbit.url(), lease=lease) as fleet,
        use_deployment(fleet.deployment),
    ):
        yield fleet
