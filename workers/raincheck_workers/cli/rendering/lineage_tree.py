"""A lineage as trees in the terminal: what a version came from, and what came of it."""

from collections import defaultdict
from collections.abc import Iterator

from rich.text import Text
from rich.tree import Tree

from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep
from raincheck_workers.cli.graph.lineage_graph import (
    edge_words,
    origin_words,
    step_title,
    version_note,
)
from raincheck_workers.cli.rendering.words import one_line


def lineage_trees(lineage: Lineage) -> Iterator[Tree]:
    """One tree for each direction that was asked for.

    A node that was met before is named again, and what hangs on it is not.
    """
    if lineage.direction in {"up", "both"}:
        yield _tree(lineage, "came from", up=True)
    if lineage.direction in {"down", "both"}:
        yield _tree(lineage, "is used by", up=False)


def _tree(lineage: Lineage, title: str, *, up: bool) -> Tree:
    hanging = _hanging(lineage, up=up)
    names = _names(lineage)
    root = Tree(Text(one_line(f"{names[lineage.root]} {title}")))
    seen, open_nodes = {lineage.root}, [(root, lineage.root, "")]
    while open_nodes:
        branch, key, parent = open_nodes.pop()
        for other, edge in hanging[key]:
            if other == parent:
                continue
            words = edge_words(edge)
            label = one_line(f"{names[other]}  ({words})" if words else names[other])
            again = other in seen and bool(hanging[other])
            child = branch.add(Text(f"{label} ..." if again else label))
            if other not in seen:
                seen.add(other)
                open_nodes.append((child, other, key))
    return root


def _hanging(lineage: Lineage, *, up: bool) -> dict[str, list[tuple[str, LineageEdge]]]:
    """What hangs on each node, with the edge that leads to it."""
    hanging: dict[str, list[tuple[str, LineageEdge]]] = defaultdict(list)
    for edge in lineage.edges:
        # Upwards a version leads to the step that made it, and a step to what it had bound.
        # Downwards what was taken from the cache leads to its taker, and that to it.
        if edge.kind == "reused" and up:
            continue
        if edge.kind == "reused" or (edge.kind == "produced") is up:
            hanging[edge.version].append((edge.step, edge))
        if edge.kind == "reused" or (edge.kind == "produced") is not up:
            hanging[edge.step].append((edge.version, edge))
    return hanging


def _names(lineage: Lineage) -> dict[str, str]:
    versions = {one.name: f"{one.name} {version_note(one)}" for one in lineage.versions}
    steps = {one.key: _step_name(one) for one in lineage.steps}
    return {**versions, **steps}


def _step_name(step: LineageStep) -> str:
    name = f"{step_title(step)} of {step.run}"
    return f"{name}, {words}" if (words := origin_words(step)) else name
