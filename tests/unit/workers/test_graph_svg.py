"""A run as SVG."""

import re
from xml.etree.ElementTree import Element, fromstring

from hypothesis import given
from hypothesis import strategies as st

from raincheck_contracts.runs import StepState
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph, VersionState, run_graph
from raincheck_workers.cli.graph.svg import svg_element, svg_file
from tests.support.builders import output_of, pipeline, step
from tests.support.recorded_runs import recorded_run

NAMESPACE = "{http://www.w3.org/2000/svg}"


def _parsed(graph: RunGraph) -> Element:
    return fromstring(svg_file(graph, "p: running"))  # noqa: S314 - our own


def _words(root: Element, kind: str) -> list[str]:
    return ["".join(item.itertext()) for item in root.iter() if item.get("class") == kind]


def test_each_step_and_version_has_a_box_with_its_state() -> None:
    """The file is XML; a box has the classes of kind and state, an arrow its labels."""
    spec = pipeline(step("fit", outputs=["model"]), step("use", output_of("fit", "model")))
    run = recorded_run(spec, {"fit": {"state": StepState.FAILED}})
    root = _parsed(run_graph(run, spec))
    assert root.tag == f"{NAMESPACE}svg"
    classes = [item.get("class") for item in root.iter(f"{NAMESPACE}g")]
    assert classes == ["box step failed", "box version open", "box step pending"]
    assert _words(root, "name") == ["fit", "model", "use"]
    assert len([item for item in root.iter() if item.get("class") == "arrow"]) == 2


def test_nothing_is_fetched_from_elsewhere() -> None:
    """The only address is the name of SVG itself; there is no script and no import."""
    spec = pipeline(step("fit", "model@1"))
    text = svg_file(run_graph(recorded_run(spec), spec), "p")
    assert re.findall(r"[a-z]+://[^\s\"'<]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|@import|url\((?!#)|xlink", text)


@given(st.text(st.characters(), min_size=1, max_size=40))
def test_any_text_is_data(text: str) -> None:
    """Control characters, lone surrogates and markup: the file parses and gains no element."""
    box = Box(key="k", kind=BoxKind.VERSION, title=text, note=text, state=VersionState.OPEN)
    other = Box(key="s", kind=BoxKind.STEP, title="s", note="", state=StepState.FAILED)
    graph = RunGraph((box, other), (Arrow(source="k", target="s", labels=(text,)),))
    plain = RunGraph(
        (Box(key="k", kind=BoxKind.VERSION, title="x", note="x", state=VersionState.OPEN), other),
        (Arrow(source="k", target="s", labels=("x",)),),
    )
    found, wanted = (
        [item.tag for item in fromstring(svg_file(one, text)).iter()]  # noqa: S314 - our own
        for one in (graph, plain)
    )
    assert found == wanted


def test_long_text_is_cut_and_whole_in_the_tip() -> None:
    """A title of any length stays in its box, with its beginning and its end."""
    title = "x" * 500
    box = Box(key="k", kind=BoxKind.STEP, title=title, note="", state=StepState.QUEUED)
    root = _parsed(RunGraph((box,), ()))
    (name,) = _words(root, "name")
    assert re.fullmatch("x{5,}…x{5,}", name)
    assert any(title in (item.text or "") for item in root.iter(f"{NAMESPACE}title"))


def test_in_a_page_boxes_are_links() -> None:
    """To their details; those without are none."""
    spec = pipeline(step("fit", "model@1"))
    links = {"step fit": "step-fit"}
    picture = svg_element(run_graph(recorded_run(spec), spec), "p", links=links)
    assert [item.get("href") for item in picture.iter("a")] == ["#step-fit"]
