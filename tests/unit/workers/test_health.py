"""The health check: a heartbeat that goes on, not one that is on record."""

import pytest

from raincheck import Deployment, Settings, use_deployment
from raincheck.index import Index
from raincheck_workers.liveness import health
from raincheck_workers.liveness.health import beating
from raincheck_workers.liveness.heartbeat import Heartbeat
from raincheck_workers.liveness.identity import NodeIdentity, host_name


def test_a_host_is_healthy_while_one_of_its_nodes_beats(index: Index) -> None:
    """Whoever else beats; a node that is only registered does not count."""
    index.nodes.beat(f"{host_name()}-1-silent", 1_000, register=True)
    index.nodes.beat("elsewhere-1-x", 1_000, register=True)
    assert not beating(index, host_name(), 0.3)
    deployment = Deployment(Settings(url="redis://fake", broker_url="memory://"), index=index)
    heartbeat = Heartbeat(index, NodeIdentity(), 100.0, deployment.hints)
    heartbeat.register()
    heartbeat.start()
    try:
        assert beating(index, host_name(), 20.0)
        assert not beating(index, "elsewhere", 0.6)
    finally:
        heartbeat.stop()
        deployment.hints.app.close()
    assert not beating(index, host_name(), 0.3)


def test_the_command_says_why_in_one_line() -> None:
    """And ends with 1, also when the index is away."""
    away = Deployment(Settings(url="redis://127.0.0.1:1/0"))
    with use_deployment(away), pytest.raises(SystemExit, match="unhealthy: the index at") as ended:
        health.main()
    assert "\n" not in str(ended.value)
