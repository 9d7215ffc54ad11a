"""Lineage over several pipelines that real workers ran, after all records of the runs are gone."""

import pytest

from raincheck import Client, save_artifact
from raincheck_contracts.lineage import Lineage
from tests.functional import pipelines
from tests.support.dumps import ask, key, key_names
from tests.support.workers import Fleet

pytestmark = pytest.mark.functional


def _names(lineage: Lineage) -> set[str]:
    return {version.name for version in lineage.versions}


def _steps(lineage: Lineage) -> set[str]:
    return {step.step for step in lineage.steps}


def _forget_runs(fleet: Fleet) -> None:
    """As after their time: the server has removed the records, `trim` the rest."""
    index = fleet.deployment.index
    for name in key_names(index):
        if name.startswith(("run:", "step:", "spec:")):
            ask(index, "DEL", key(index, name))
    index.runs.trim()


def test_a_diamond_is_exact_from_both_ends(fleet: Fleet) -> None:
    """Versions, parameters and values are those that were bound, although newer came since."""
    fleet.start(concurrency=2)
    save_artifact(1.0, "diamond-source", metadata={"MSE": 0.25})
    sides = [pipelines.on_the_left.delay(), pipelines.on_the_right.delay()]
    for side in sides:
        side.get(timeout=30)
    pipelines.at_the_tip.delay().get(timeout=30)
    pipelines.reporting.delay().get(timeout=30)
    save_artifact(2.0, "diamond-source", metadata={"MSE": 0.5})
    _forget_runs(fleet)
    up = Client().lineage("diamond-tip", direction="up")
    down = Client().lineage("diamond-source", 1, direction="down")
    diamond = {f"diamond-{name}@1" for name in ("source", "left", "right", "tip")}
    assert _names(up) == _names(down) == diamond
    assert _steps(up) == {"diamond_left", "diamond_right", "diamond_tip"}
    assert _steps(down) == {*_steps(up), "diamond_report"}
    assert not up.truncated
    assert all(step.exact and step.revision for step in up.steps)
    bound = {
        (edge.parameter, edge.place, edge.reference, edge.version, edge.value)
        for edge in up.edges
        if edge.kind == "bound"
    }
    assert bound == {
        ("source", "", "diamond-source:latest", "diamond-source@1", None),
        ("error", "", "diamond-source:latest#/MSE", "diamond-source@1", 0.25),
        ("left", "", "diamond-left:latest", "diamond-left@1", None),
        ("sides", "/0", "diamond-right:latest", "diamond-right@1", None),
    }
    made = {edge.output for edge in up.edges if edge.kind == "produced"}
    assert made == {"diamond-left", "diamond-right", "diamond-tip"}
    assert len(Client().lineage("diamond-source").steps) == 0
