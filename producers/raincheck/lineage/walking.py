"""Walking from a version to what it came from and to what came of it, breadth first."""

from collections.abc import Iterable
from typing import Literal

from raincheck.index import Index
from raincheck.index.lineage_records import StepMade
from raincheck.lineage.graph import (
    Graph,
    bound_edge,
    loaded_edges,
    maker_of,
    step_node,
    taken_from_cache,
    version_node,
)
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import ReferenceNotFoundError
from raincheck_contracts.lineage import Lineage, LineageEdge

Direction = Literal["up", "down", "both"]


def lineage_of(
    index: Index, root: str, *, direction: Direction, depth: int | None, limit: int
) -> Lineage:
    """The lineage of a version.

    Args:
        index: to read.
        root: `artifact@version`.
        direction: `up` to what it came from, `down` to what came of it.
        depth: steps to go; None is all.
        limit: versions and step runs.

    What a deleted version came from is not known any more, what came of it is.

    Raises:
        ReferenceNotFoundError: there never was such a version.
    """
    found = index.lineage.versions([root])
    stones = index.deletions.tombstones([root])
    if root not in found and root not in stones:
        raise ReferenceNotFoundError((f"there is no version {root}",))
    graph = Graph(limit, {root: version_node(root, found.get(root), stones.get(root))})
    if direction in {"up", "both"} and root in found:
        _Up(index, graph).walk(found[root][0], depth)
    if direction in {"down", "both"}:
        _Down(index, graph).walk(root, depth)
    return Lineage(
        root=root,
        direction=direction,
        versions=tuple(graph.versions.values()),
        steps=tuple(graph.steps.values()),
        edges=tuple(
            edge
            for edge in taken_from_cache(graph)
            if edge.version in graph.versions and edge.step in graph.steps
        ),
        truncated=graph.truncated,
    )


def _new_versions(
    index: Index, graph: Graph, seen: set[str], names: Iterable[str]
) -> dict[str, ArtifactVersion]:
    """Those not met on this way before, read and added as far as there is room."""
    fresh: list[str] = []
    room = graph.room()
    for name in dict.fromkeys(names):
        if name in seen:
            continue
        if name not in graph.versions:
            if room < 1:
                graph.truncated = True
                continue
            room -= 1
        seen.add(name)
        fresh.append(name)
    found = index.lineage.versions(fresh)
    stones = index.deletions.tombstones([name for name in fresh if name not in found])
    for name in fresh:
        node = version_node(name, found.get(name), stones.get(name))
        graph.versions.setdefault(name, node)
    return {name: version for name, (version, _) in found.items()}


class _Up:
    """From versions to the step runs that made them, and to what those had bound."""

    def __init__(self, index: Index, graph: Graph) -> None:
        self._index = index
        self._graph = graph

    def walk(self, root: ArtifactVersion, depth: int | None) -> None:
        level = {root.shown: root}
        seen = set(level)
        while level:
            makers = {name: key for name, one in level.items() if (key := maker_of(one))}
            if makers and depth == 0:
                self._graph.truncated = True
                return
            names = self._bound_by(level, makers)
            level = _new_versions(self._index, self._graph, seen, names)
            depth = None if depth is None else depth - 1

    def _bound_by(self, level: dict[str, ArtifactVersion], makers: dict[str, str]) -> list[str]:
        graph, names = self._graph, list[str]()
        kept = self._index.lineage.made(list(dict.fromkeys(makers.values())))
        for name, key in makers.items():
            version, made = level[name], kept.get(key)
            if key not in graph.steps:
                if not graph.has_room():
                    return names
                graph.steps[key] = step_node(key, made, version)
            output = version.record.output
            graph.connect(LineageEdge(kind="produced", version=name, step=key, output=output))
            edges = _bound_edges(key, made, version)
            for edge in edges:
                graph.connect(edge)
            names += [edge.version for edge in edges]
        return names


def _bound_edges(key: str, made: StepMade | None, version: ArtifactVersion) -> list[LineageEdge]:
    if made is not None and made.bound is not None:
        edges = [bound_edge(key, entry) for entry in made.bound.bound]
        edges += loaded_edges(key, made)
        if not made.bound.left_out:
            return edges
    else:
        edges = []
    told = {edge.version for edge in edges}
    rest = [name for name in version.record.inputs if name not in told]
    return edges + [LineageEdge(kind="bound", version=name, step=key) for name in rest]


class _Down:
    """From versions to the step runs that had bound them, and to what those made."""

    def __init__(self, index: Index, graph: Graph) -> None:
        self._index = index
        self._graph = graph

    def walk(self, root: str, depth: int | None) -> None:
        level, seen = [root], {root}
        while level:
            users = self._users(level)
            if users and depth == 0:
                self._graph.truncated = True
                return
            names = self._made_by(users)
            before = frozenset(seen)
            _new_versions(self._index, self._graph, seen, names)
            level = [name for name in dict.fromkeys(names) if name in seen - before]
            depth = None if depth is None else depth - 1

    def _users(self, level: list[str]) -> dict[str, list[str]]:
        """The step runs that had bound versions of a level, each with those versions."""
        users: dict[str, list[str]] = {}
        for name, listed in self._index.lineage.users(level, self._graph.limit).items():
            self._graph.truncated = self._graph.truncated or listed.more
            for key in listed.keys:
                users.setdefault(key, []).append(name)
        return users

    def _made_by(self, users: dict[str, list[str]]) -> list[str]:
        graph, names = self._graph, list[str]()
        new = [key for key in users if key not in graph.steps]
        if len(new) > graph.room():
            graph.truncated = True
            new = new[: max(graph.room(), 0)]
        taken = [key for key in users if key in graph.steps or key in set(new)]
        kept = self._index.lineage.made(taken)
        for key in taken:
            made = kept.get(key)
            graph.steps.setdefault(key, step_node(key, made, None))
            for edge in _uses(key, made, users[key]):
                graph.connect(edge)
            for edge in _output_edges(key, made):
                names.append(edge.version)
                graph.connect(edge)
        return names


def _output_edges(key: str, made: StepMade | None) -> list[LineageEdge]:
    if made is None:
        return []
    kind: Literal["produced", "reused"] = "reused" if made.cached_from else "produced"
    return [
        LineageEdge(kind=kind, version=version, step=key, output=output)
        for output, version in made.outputs
    ]


def _uses(key: str, made: StepMade | None, versions: list[str]) -> list[LineageEdge]:
    """The edges from versions that a step run is known to have bound."""
    entries = made.bound.bound if made and made.bound else ()
    edges = [bound_edge(key, entry) for entry in entries] + loaded_edges(key, made)
    edges = [edge for edge in edges if edge.version in versions]
    told = {edge.version for edge in edges}
    if made and made.cached_from:  # it is listed as a user of what it took, too
        told |= {version for _, version in made.outputs}
    rest = [name for name in versions if name not in told]
    return edges + [LineageEdge(kind="bound", version=name, step=key) for name in rest]
