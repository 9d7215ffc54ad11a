"""The order of boxes in their columns: each near the middle of its neighbours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from raincheck_workers.cli.graph.layout.columns import Columns

_SWEEPS = 6


def order_columns(made: Columns) -> None:
    """Sort each column so that few arrows cross, by barycenters there and back."""
    left, right = neighbours(made.links)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        columns = made.columns if forth else made.columns[::-1]
        near = left if forth else right
        for fixed, column in pairwise(columns):
            _sort(column, fixed, near)


def _sort(column: list[str], fixed: Sequence[str], near: Mapping[str, Sequence[str]]) -> None:
    position = {key: float(i) for i, key in enumerate(fixed)}
    # A key without neighbours keeps its place, as far as the others leave it.
    scale = len(fixed) / len(column) if column else 1.0
    middle = {
        key: mean([position[other] for other in near[key]]) if near[key] else i * scale
        for i, key in enumerate(column)
    }
    column.sort(key=middle.__getitem__)


def neighbours(
    links: Sequence[tuple[str, str]],
) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """The neighbours to the left and to the right of each key."""
    left: dict[str, list[str]] = defaultdict(list)
    right: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        left[target].append(source)
        right[source].append(target)
    return left, right


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return sum(values) / len(values)
