"""The commands of docker-compose.yml, run as their services run them, without an engine."""

import socket
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest

from tests.support.compose import compose_file, service_command
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet

pytestmark = pytest.mark.functional

SCRIPTS = Path(sysconfig.get_path("scripts"))
PASSWORD = token_urlsafe(8)


@pytest.fixture
def service(fleet: Fleet) -> Callable[[str], tuple[list[str], dict[str, str], Any]]:
    """Command, environment and definition of a service, on the test's own deployment."""
    settings = fleet.deployment.settings
    services = compose_file(
        FLOWER_PASSWORD=PASSWORD,
        RAINCHECK_URL=settings.url or "",
        RAINCHECK_NAMESPACE=settings.namespace,
        RAINCHECK_STORE=str(fleet.folder / "blobs"),
    )["services"]

    def find(name: str) -> tuple[list[str], dict[str, str], Any]:
        found = services[name]
        program, *arguments = service_command(found)
        return [str(SCRIPTS / program), *arguments], found["environment"], found

    return find


def _check(test: list[str], environment: dict[str, str]) -> int:
    """The exit code of a health check."""
    assert test[:2] == ["CMD", "python"]
    command = [sys.executable, *test[2:]]
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=30, check=False).returncode


def test_the_worker_starts_and_its_health_check_tells(
    fleet: Fleet, service: Callable[[str], tuple[list[str], dict[str, str], Any]]
) -> None:
    """Healthy while it beats; not before it starts nor after it has gone."""
    command, changes, definition = service("worker")
    environment = fleet.environment(changes)
    test = definition["healthcheck"]["test"]
    assert _check(test, environment) == 1
    worker = subprocess.Popen(command, cwd=ROOT / "examples", env=environment)
    try:
        wait_until(fleet.deployment.index.records.nodes, 30)
        assert _check(test, environment) == 0
    finally:
        worker.terminate()
        worker.wait(40)
    assert worker.returncode == 0
    assert _check(test, environment) == 1


def _status(url: str, password: str | None) -> int:
    """The HTTP status of a page."""
    request = urllib.request.Request(url)  # noqa: S310 - on loopback
    if password is not None:
        login = b64encode(f"raincheck:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def test_flower_asks_for_the_password(
    fleet: Fleet, service: Callable[[str], tuple[list[str], dict[str, str], Any]]
) -> None:
    """Pages and API alike; its health check passes without one."""
    command, changes, definition = service("flower")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    local = {"FLOWER_PORT": port, "FLOWER_ADDRESS": "127.0.0.1"}
    environment = fleet.environment({**changes, **local})
    flower = subprocess.Popen(command, cwd=fleet.folder, env=environment)
    site = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _status(f"{site}/healthcheck", None) == 200, 30)
        for page in ("/", "/api/workers"):
            assert _status(site + page, None) == 401
            assert _status(site + page, "wrong") == 401
            assert _status(site + page, PASSWORD) == 200
        test = [part.replace("5555", port) for part in definition["healthcheck"]["test"]]
        assert _check(test, environment) == 0
    finally:
        flower.terminate()
        flower.wait(20)
