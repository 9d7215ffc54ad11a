"""The fixtures. PYTEST_DONT_REWRITE: there is no assert in here."""

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from raincheck.blobs import MemoryBlobStore
from raincheck.deployment import Deployment, use_deployment
from raincheck.embedded import ensure_server, release_server
from raincheck.messaging.broker import broker_url, producer_app
from raincheck.settings import Settings
from raincheck.testing.memory import memory_index
from raincheck.testing.worker import running_worker


@pytest.fixture
def raincheck_memory(tmp_path: Path) -> Generator[Deployment]:
    """A deployment of the test's own in this process's memory, in use.

    `pipeline()` runs. `pipeline.delay()` is recorded, and stays queued: there is no worker.
    """
    settings = _settings(tmp_path, "redis://memory", "memory://")
    app = producer_app(settings, "redis://memory")
    index = memory_index(settings.namespace)
    deployment = Deployment(settings, index=index, blobs=MemoryBlobStore(), app=app)
    with _in_use(deployment):
        yield deployment
        with app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            for queue in index.records.queues():
                channel.queue_purge(queue)  # kombu keeps it for the life of the process


@pytest.fixture(scope="session")
def raincheck_server_url() -> Generator[str]:
    """A real server for the whole session; each process of pytest-xdist has its own."""
    home = Path(tempfile.mkdtemp(prefix="rc-"))  # a socket's path must be short
    try:
        yield ensure_server(home)
    finally:
        release_server(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def raincheck_server(raincheck_server_url: str, tmp_path: Path) -> Generator[Deployment]:
    """A deployment of the test's own on the real server, in use. No worker runs."""
    settings = _settings(tmp_path, raincheck_server_url, broker_url(raincheck_server_url))
    app = producer_app(settings, raincheck_server_url)
    # A connection that is closed waits for the answer to what it asked last.
    app.conf.broker_transport_options["polling_interval"] = 0.05
    with _in_use(Deployment(settings, app=app)) as deployment:
        yield deployment


@pytest.fixture
def raincheck_worker(raincheck_server: Deployment) -> Generator[Deployment]:
    """As `raincheck_server`, with a worker of one slot in a thread: `delay()` runs."""
    with running_worker(raincheck_server):
        yield raincheck_server


def _settings(folder: Path, url: str, broker: str) -> Settings:
    return Settings(
        home=folder / ".raincheck",
        url=url,
        broker_url=broker,
        store=str(folder / ".raincheck" / "blobs"),
        namespace=f"test-{secrets.token_hex(6)}",
    )


@contextmanager
def _in_use(deployment: Deployment) -> Generator[Deployment]:
    try:
        with use_deployment(deployment):
            yield deployment
    finally:
        deployment.hints.app.close()
        deployment.index.connection.close()
