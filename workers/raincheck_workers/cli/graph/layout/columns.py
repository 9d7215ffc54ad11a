"""Which column each box is in, and through which columns an arrow passes."""

from collections import defaultdict
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

from raincheck_workers.cli.graph.model import Arrow, RunGraph

#: An arrow over more columns is drawn straight: routes cost room and time.
_LONGEST_ROUTE = 24


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns from left to right; in each, boxes and the bends of arrows that pass."""

    columns: list[list[str]]
    links: list[tuple[str, str]]
    """Between neighbouring columns."""
    routes: dict[Arrow, list[str]]
    """Source, bends, target. Arrows of one source share their bends."""
    bends: frozenset[str]


def columns_of(graph: RunGraph) -> Columns:
    """The columns of a graph.

    Raises:
        graphlib.CycleError: the arrows go round in a circle.
    """
    column_of = _longest_paths(graph)
    columns: list[list[str]] = [[] for _ in range(1 + max(column_of.values(), default=0))]
    for box in graph.boxes:
        columns[column_of[box.key]].append(box.key)
    links: dict[tuple[str, str], None] = {}
    routes: dict[Arrow, list[str]] = {}
    bends: set[str] = set()
    for arrow in graph.arrows:
        first, last = column_of[arrow.source], column_of[arrow.target]
        route = [arrow.source]
        if last - first <= _LONGEST_ROUTE:
            for column in range(first + 1, last):
                bend = f"{arrow.source} > {column}"
                if bend not in bends:
                    bends.add(bend)
                    columns[column].append(bend)
                route.append(bend)
            route.append(arrow.target)
            links.update(dict.fromkeys(pairwise(route)))
        else:
            route.append(arrow.target)
        routes[arrow] = route
    return Columns(columns, list(links), routes, frozenset(bends))


def _longest_paths(graph: RunGraph) -> dict[str, int]:
    before: dict[str, list[str]] = {box.key: [] for box in graph.boxes}
    after: dict[str, list[str]] = defaultdict(list)
    for arrow in graph.arrows:
        before[arrow.target].append(arrow.source)
        after[arrow.source].append(arrow.target)
    column_of: dict[str, int] = {}
    for key in TopologicalSorter(before).static_order():
        column_of[key] = 1 + max((column_of[source] for source in before[key]), default=-1)
    for key, sources in before.items():
        if not sources and after[key]:  # what a late step refers to stands beside it
            column_of[key] = min(column_of[target] for target in after[key]) - 1
    return column_of
