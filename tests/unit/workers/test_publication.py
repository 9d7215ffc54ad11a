"""What a step returned and staged, ready to be registered."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from raincheck import Deployment, step
from raincheck.authoring import StepContext
from raincheck.index.entries import ForeignMetadata, NewVersion
from raincheck_contracts.errors import DefinitionError
from raincheck_contracts.pipelines import OutputSpec
from raincheck_workers.execution.publication import prepare_outputs


@step
def one() -> float:
    """One output."""
    return 1.0


@step
def two() -> tuple[Annotated[float, "low"], Annotated[float, "high"]]:
    """Two outputs."""
    return 1.0, 2.0


@step
def none() -> None:
    """No output."""


@step
def undeclared():  # type: ignore[no-untyped-def]  # says nothing on purpose
    """An output unless it is None."""


def _context(*outputs: str) -> StepContext:
    specs = tuple(OutputSpec(name=name, artifact=f"p.s.{name}") for name in outputs)
    return StepContext("run-1", "p", "s", 1, outputs=specs)


def _prepare(
    deployment: Deployment, made: Callable[..., Any], context: StepContext, returned: object
) -> tuple[list[NewVersion], list[ForeignMetadata]]:
    return prepare_outputs(deployment.store, made, context, returned, ("model@1",))  # type: ignore[arg-type]  # a step


def test_an_output_knows_its_run_step_and_inputs(deployment: Deployment) -> None:
    """The lineage is part of its record."""
    context = _context("output")
    context.stage_metadata({"MSE": 0.5})
    ((version,), foreign) = _prepare(deployment, one, context, 1.5)
    assert (version.artifact, version.output, version.inline) == ("p.s.output", "output", b"1.5")
    record = version.record
    assert (record.run, record.step, record.output) == ("run-1", "s", "output")
    assert record.inputs == ("model@1",)
    assert version.metadata == {"MSE": 0.5}
    assert foreign == []


def test_a_tuple_is_one_value_per_output(deployment: Deployment) -> None:
    """In the order of the annotation, each with its own metadata."""
    context = _context("low", "high")
    context.stage_metadata({"k": 1}, "high")
    versions, _ = _prepare(deployment, two, context, (1.0, 2.0))
    assert [(v.output, v.inline, v.metadata) for v in versions] == [
        ("low", b"1.0", {}),
        ("high", b"2.0", {"k": 1}),
    ]


@pytest.mark.parametrize(
    ("made", "outputs", "returned", "problem"),
    [
        (two, ("low", "high"), (1.0,), "declares 2 outputs but returned tuple"),
        (two, ("low", "high"), [1.0, 2.0], "declares 2 outputs but returned list"),
        (none, (), 1.0, "annotated '-> None' but returned float"),
    ],
)
def test_what_was_not_declared_is_refused(
    deployment: Deployment,
    made: Callable[..., Any],
    outputs: tuple[str, ...],
    returned: object,
    problem: str,
) -> None:
    """Nothing is published under a name that means something else."""
    with pytest.raises(DefinitionError, match=problem):
        _prepare(deployment, made, _context(*outputs), returned)


def test_none_of_an_undeclared_output_publishes_nothing(deployment: Deployment) -> None:
    """Metadata for it has nowhere to go, and says so."""
    assert _prepare(deployment, undeclared, _context("output"), None) == ([], [])
    assert _prepare(deployment, none, _context(), None) == ([], [])
    context = _context("output")
    context.stage_metadata({"MSE": 0.5})
    with pytest.raises(DefinitionError, match="logged metadata for its output but returned None"):
        _prepare(deployment, undeclared, context, None)


def test_what_was_staged_comes_with_the_outputs(deployment: Deployment) -> None:
    """Saved versions under names of their own; metadata of others grouped by version."""
    context = _context("output")
    context.stage_artifact(2.5, "extra", "named", metadata={"a": 1}, tags=["t"])
    context.stage_artifact(3.5, "extra")
    context.stage_metadata({"x": 1, "y": 2}, "model", "1")
    context.stage_metadata({"x": 3}, "model", "2")
    versions, foreign = _prepare(deployment, one, context, 1.5)
    assert [(v.output, v.artifact, v.version, v.tags) for v in versions[1:]] == [
        ("saved_1", "extra", "named", ("t",)),
        ("saved_2", "extra", None, ()),
    ]
    assert versions[1].metadata == {"a": 1}
    assert foreign == [
        ForeignMetadata(artifact="model", version="1", metadata={"x": 1, "y": 2}),
        ForeignMetadata(artifact="model", version="2", metadata={"x": 3}),
    ]
