"""What is drawn of a run."""

from raincheck_contracts.pipelines import OutputSpec
from raincheck_contracts.runs import MissingReason, MissingReference, StepState
from raincheck_workers.cli.graph.model import Arrow, BoxKind, RunGraph, VersionState, run_graph
from tests.support.builders import binding, output_of, pipeline, step
from tests.support.recorded_runs import BEGAN, recorded_run


def _arrows(graph: RunGraph) -> list[tuple[str, str, tuple[str, ...]]]:
    title = {box.key: box.title for box in graph.boxes}
    return [(title[arrow.source], title[arrow.target], arrow.labels) for arrow in graph.arrows]


def test_a_version_and_its_metadata_are_one_box() -> None:
    """The arrow names each parameter, with the pointer of a metadata reference."""
    spec = pipeline(step("use", "model:latest", "model:latest#/MSE"))
    bound = {
        "model:latest": binding("3"),
        "model:latest#/MSE": binding("3", pointer="/MSE", value=0.5),
    }
    use = {"state": StepState.SUCCEEDED, "bindings": bound, "attempt": 1}
    graph = run_graph(recorded_run(spec, {"use": use}), spec)
    model = next(box for box in graph.boxes if box.kind is BoxKind.VERSION)
    assert (model.title, model.note, model.state) == (
        "model:latest",
        "model@3",
        VersionState.KNOWN,
    )
    assert _arrows(graph) == [("model:latest", "use", ("p0", "p1 #/MSE"))]


def test_what_a_step_waits_for_is_missing_and_its_arrow_waits() -> None:
    """A reference that is not missing, of the same step, is only not bound yet."""
    spec = pipeline(step("use", "model@42", "other:latest"))
    missing = (MissingReference(reference="model@42", reason=MissingReason.VERSION_UNKNOWN),)
    run = recorded_run(spec, {"use": {"state": StepState.WAITING, "missing": missing}})
    graph = run_graph(run, spec)
    states = {box.title: box.state for box in graph.boxes if box.kind is BoxKind.VERSION}
    assert states == {"model@42": VersionState.MISSING, "other:latest": VersionState.OPEN}
    assert [arrow.waiting for arrow in graph.arrows] == [True, False]


def test_a_named_output_is_a_box_between_the_steps() -> None:
    """With the version once it is published; its arrows have its name and the parameter."""
    spec = pipeline(step("fit", outputs=["model"]), step("use", output_of("fit", "model")))
    fit = {"state": StepState.SUCCEEDED, "outputs": {"model": "model@7"}}
    graph = run_graph(recorded_run(spec, {"fit": fit}), spec)
    assert [box.note for box in graph.boxes if box.title == "model"] == ["model@7"]
    assert _arrows(graph) == [("fit", "model", ()), ("model", "use", ("p0",))]


def test_an_unnamed_output_is_an_arrow_from_step_to_step() -> None:
    """So a chain of plain functions is a chain of boxes."""
    load = step("load").model_copy(
        update={"outputs": (OutputSpec(name="output", artifact="p.load.output"),)}
    )
    spec = pipeline(load, step("use", output_of("load")))
    graph = run_graph(recorded_run(spec), spec)
    assert _arrows(graph) == [("load", "use", ("p0",))]


def test_steps_that_only_follow_have_an_arrow_without_a_name() -> None:
    """What is needed for its data as well has one arrow, not two."""
    spec = pipeline(step("a", outputs=["data"]), step("b", output_of("a", "data"), after=["a"]))
    assert len(run_graph(recorded_run(spec), spec).arrows) == 2
    spec = pipeline(step("a"), step("b", after=["a"]))
    assert run_graph(recorded_run(spec), spec).arrows == (Arrow(source="step a", target="step b"),)


def test_the_note_of_a_step_is_its_state_time_and_attempt() -> None:
    """The attempt is told from the second on."""
    spec = pipeline(step("fit"))
    fit = {
        "state": StepState.FAILED,
        "attempt": 2,
        "started_at": BEGAN,
        "ended_at": BEGAN + 3_200,
    }
    (box,) = run_graph(recorded_run(spec, {"fit": fit}), spec).boxes
    assert box.note == "failed, 3.2 s, attempt 2"
