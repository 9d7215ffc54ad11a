"""A graph with coordinates."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from raincheck_workers.cli.graph.layout.columns import Columns, columns_of
from raincheck_workers.cli.graph.layout.heights import heights_of
from raincheck_workers.cli.graph.layout.order import order_columns
from raincheck_workers.cli.graph.model import Arrow, RunGraph
from raincheck_workers.cli.graph.text import text_width

BOX_WIDTH, BOX_HEIGHT = 200.0, 48.0
_MARGIN = 16.0
_BETWEEN_BOXES, _BETWEEN_BENDS = 20.0, 14.0
_WIDEST_LABEL = 190.0
# What a reader sees at once; the direction is chosen in which less lies outside.
_SEEN = (900.0, 640.0)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """The upper left corner of a box; all boxes are of one size."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The way of an arrow: between columns it bends, through them it goes straight."""

    arrow: Arrow
    points: tuple[Point, ...]
    """Begin and end of each gap that it crosses."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places for all boxes and arrows."""

    places: Mapping[str, Place]
    curves: tuple[Curve, ...]
    width: float
    height: float
    downwards: bool
    """Whether data goes from top to bottom; else from left to right."""


def lay_out(graph: RunGraph) -> Layout:
    """Lay out a graph in the direction that fits a window better; no two boxes overlap.

    Raises:
        graphlib.CycleError: the arrows go round in a circle.
    """
    made = columns_of(graph)
    order_columns(made)
    sideways = _laid(graph, made, _Sizes(BOX_WIDTH, BOX_HEIGHT, 14.0, 56.0))
    downwards = _turned(_laid(graph, made, _Sizes(BOX_HEIGHT, BOX_WIDTH, 44.0, 48.0)))
    return min((sideways, downwards), key=_excess)


def _excess(layout: Layout) -> float:
    """How many times too large; what fits, fits, and then from left to right."""
    return max(layout.width / _SEEN[0], layout.height / _SEEN[1], 1.0)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Of a box and around it, as if data went from left to right."""

    long: float
    high: float
    port: float
    """Between the ends of two arrows at one box."""
    gap: float
    """Least distance between two columns."""

    @property
    def labels_lengthen(self) -> bool:
        """Whether a label lies along its arrow."""
        return self.long > self.high

    def apart(self, bends: frozenset[str], above: str, below: str) -> float:
        """Least distance between the middles of two that follow each other in a column."""
        count = (above in bends) + (below in bends)
        between = _BETWEEN_BENDS if count else _BETWEEN_BOXES
        return between + self.high * (2 - count) / 2


def _laid(graph: RunGraph, made: Columns, sizes: _Sizes) -> Layout:
    heights = heights_of(made, lambda above, below: sizes.apart(made.bends, above, below))
    down = _MARGIN + sizes.high / 2 - min(heights.values(), default=0.0)
    middles = {key: height + down for key, height in heights.items()}
    lefts = _lefts(made, sizes)
    left_of = {key: x for column, x in zip(made.columns, lefts, strict=True) for key in column}
    ports = _ports(made, middles, sizes)
    return Layout(
        places={
            box.key: Place(left_of[box.key], middles[box.key] - sizes.high / 2)
            for box in graph.boxes
        },
        curves=tuple(
            _curve(arrow, route, left_of, middles | {route[-1]: ports[arrow]}, sizes)
            for arrow, route in made.routes.items()
        ),
        width=lefts[-1] + sizes.long + _MARGIN,
        height=max(middles.values(), default=0.0) + sizes.high / 2 + _MARGIN,
        downwards=False,
    )


def _lefts(made: Columns, sizes: _Sizes) -> list[float]:
    """Where each column begins: the gap before it has room for the labels that stand in it."""
    column_of = {key: i for i, column in enumerate(made.columns) for key in column}
    gaps = [sizes.gap] * len(made.columns)
    for arrow in made.routes:
        if sizes.labels_lengthen and arrow.label:
            room = min(text_width(arrow.label), _WIDEST_LABEL) + sizes.gap
            gaps[column_of[arrow.target]] = max(gaps[column_of[arrow.target]], room)
    lefts = [_MARGIN]
    for gap in gaps[1:]:
        lefts.append(lefts[-1] + sizes.long + gap)
    return lefts


def _ports(made: Columns, middles: Mapping[str, float], sizes: _Sizes) -> dict[Arrow, float]:
    """Where arrows end: side by side at their box, in the order in which they come."""
    coming: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in made.routes:
        coming[arrow.target].append(arrow)
    ports: dict[Arrow, float] = {}
    for target, arrows in coming.items():
        arrows.sort(key=lambda arrow: middles[made.routes[arrow][-2]])
        last = len(arrows) - 1
        step = min(sizes.port, sizes.high * 0.8 / last) if last else 0.0
        for number, arrow in enumerate(arrows):
            ports[arrow] = middles[target] + (number - last / 2) * step
    return ports


def _curve(
    arrow: Arrow,
    route: list[str],
    left_of: Mapping[str, float],
    middles: Mapping[str, float],
    sizes: _Sizes,
) -> Curve:
    points: list[Point] = []
    for here, there in pairwise(route):
        points.append((left_of[here] + sizes.long, middles[here]))
        points.append((left_of[there], middles[there]))
    return Curve(arrow, tuple(points))


def _turned(layout: Layout) -> Layout:
    """The same with its axes exchanged."""
    return Layout(
        places={key: Place(place.y, place.x) for key, place in layout.places.items()},
        curves=tuple(
            replace(curve, points=tuple((y, x) for x, y in curve.points)) for curve in layout.curves
        ),
        width=layout.height,
        height=layout.width,
        downwards=True,
    )
