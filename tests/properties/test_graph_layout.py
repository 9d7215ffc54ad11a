"""Laws of the layout, on graphs of any shape."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from raincheck_contracts.runs import StepState
from raincheck_workers.cli.graph.layout.heights import spread
from raincheck_workers.cli.graph.layout.layout import BOX_HEIGHT, BOX_WIDTH, lay_out
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph


@st.composite
def graphs(draw: st.DrawFn) -> RunGraph:
    """Graphs whose arrows go from earlier to later boxes."""
    count = draw(st.integers(1, 24))
    boxes = tuple(
        Box(key=str(i), kind=BoxKind.STEP, title=f"s{i}", note="", state=StepState.PENDING)
        for i in range(count)
    )
    pairs = list(combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=60)) if pairs else []
    label = st.sampled_from(["", "x", "a_rather_long_parameter_name"])
    return RunGraph(
        boxes,
        tuple(
            Arrow(source=str(i), target=str(j), labels=(name,) if (name := draw(label)) else ())
            for i, j in chosen
        ),
    )


@given(graphs())
def test_boxes_lie_inside_and_never_overlap(graph: RunGraph) -> None:
    """Whatever the graph and the direction that was chosen."""
    layout = lay_out(graph)
    places = list(layout.places.values())
    assert len(places) == len(graph.boxes)
    for place in places:
        assert 0 <= place.x <= layout.width - BOX_WIDTH
        assert 0 <= place.y <= layout.height - BOX_HEIGHT
    for one, other in combinations(places, 2):
        assert abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT


@given(graphs())
def test_arrows_go_forward_from_box_to_box(graph: RunGraph) -> None:
    """Each begins at the edge of its source and ends at the edge of its target."""
    layout = lay_out(graph)
    assert {curve.arrow for curve in layout.curves} == set(graph.arrows)
    for curve in layout.curves:
        source, target = layout.places[curve.arrow.source], layout.places[curve.arrow.target]
        (x0, y0), (x1, y1) = curve.points[0], curve.points[-1]
        if layout.downwards:
            assert (y0, y1) == (source.y + BOX_HEIGHT, target.y)
            assert target.x <= x1 <= target.x + BOX_WIDTH
            way = [y for _, y in curve.points]
        else:
            assert (x0, x1) == (source.x + BOX_WIDTH, target.x)
            assert target.y <= y1 <= target.y + BOX_HEIGHT
            way = [x for x, _ in curve.points]
        assert way == sorted(way)


@given(graphs())
def test_a_layout_is_the_same_each_time(graph: RunGraph) -> None:
    """A page that is written again shows each step where it was."""
    assert lay_out(graph) == lay_out(graph)


@given(st.lists(st.tuples(st.integers(-1_000, 1_000), st.integers(1, 90)), min_size=1, max_size=40))
def test_what_is_spread_keeps_its_distances_and_its_middle(given_: list[tuple[int, int]]) -> None:
    """Nothing is nearer than it may be, and all together do not drift."""
    offsets = [0.0]
    for _, distance in given_[1:]:
        offsets.append(offsets[-1] + distance)
    wanted = [float(position) for position, _ in given_]
    found = spread(wanted, offsets)
    for (here, there), (low, high) in zip(pairwise(found), pairwise(offsets), strict=True):
        assert there - here >= high - low - 1e-6
    assert abs(sum(found) - sum(wanted)) < 1e-6 * max(1.0, sum(map(abs, wanted)) + sum(offsets))
