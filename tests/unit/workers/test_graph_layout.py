"""Where boxes lie, for shapes that pipelines have."""

from raincheck_contracts.pipelines import PipelineSpec
from raincheck_workers.cli.graph.layout.layout import Layout, lay_out
from raincheck_workers.cli.graph.model import run_graph
from tests.support.builders import pipeline, step
from tests.support.recorded_runs import recorded_run


def _laid(spec: PipelineSpec) -> Layout:
    return lay_out(run_graph(recorded_run(spec), spec))


def test_a_chain_that_is_too_long_for_a_window_goes_down() -> None:
    """Ten steps are read by scrolling down; two from left to right."""
    chain = [step(f"s{i}", after=[f"s{i - 1}"] if i else []) for i in range(10)]
    assert _laid(pipeline(*chain)).downwards
    assert not _laid(pipeline(*chain[:2])).downwards


def test_a_step_stands_in_the_middle_of_those_that_it_joins() -> None:
    """Twenty in a column, one before and one after, both at half the height."""
    middle = [step(f"m{i}", after=["first"]) for i in range(20)]
    last = step("last", after=[item.name for item in middle])
    layout = _laid(pipeline(step("first"), *middle, last))
    heights = [layout.places[f"step m{i}"].y for i in range(20)]
    centre = (min(heights) + max(heights)) / 2
    assert abs(layout.places["step first"].y - centre) < 1
    assert abs(layout.places["step last"].y - centre) < 1


def test_two_lanes_do_not_cross() -> None:
    """However the steps are mixed in the pipeline."""
    names = [("a1", []), ("b1", []), ("b2", ["b1"]), ("a2", ["a1"]), ("a3", ["a2"]), ("b3", ["b2"])]
    places = _laid(pipeline(*(step(name, after=after) for name, after in names))).places
    above = {places[f"step a{i}"].y < places[f"step b{i}"].y for i in (1, 2, 3)}
    assert len(above) == 1


def test_what_a_late_step_refers_to_stands_beside_it() -> None:
    """And not far away at the beginning."""
    spec = pipeline(step("a"), step("b", after=["a"]), step("c", "model@1", after=["b"]))
    places = _laid(spec).places
    assert places["reference model@1 not bound"].x == places["step b"].x


def test_two_thousand_steps_are_laid_out() -> None:
    """The most that a pipeline may have, each with arrows over many columns."""
    steps = [
        step(f"s{i}", after=[f"s{k}" for k in (i - 1, i - 40) if k >= 0]) for i in range(2_000)
    ]
    assert len(_laid(pipeline(*steps)).places) == 2_000
