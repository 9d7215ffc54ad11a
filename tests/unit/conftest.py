"""Fixtures of the unit tests: no server, no network."""

from collections.abc import Generator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from raincheck import Deployment, use_deployment
from tests.support.deployments import local_deployment
from tests.support.servers import fake_index
from tests.support.spans import span_exporter


@pytest.fixture
def deployment(tmp_path: Path) -> Generator[Deployment]:
    """An empty deployment in use: index on fakeredis, messages in this process."""
    with (
        local_deployment(tmp_path / "home", fake_index()) as deployment,
        use_deployment(deployment),
    ):
        yield deployment


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Takes the spans of the test."""
    exporter = span_exporter()
    exporter.clear()
    return exporter
