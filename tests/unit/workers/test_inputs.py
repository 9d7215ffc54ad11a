"""A step's inputs: joined with what was bound, checked, then materialized."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from raincheck.index.replies import BoundVersion, Claimed
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.errors import MetadataPointerError, TypeMismatchError
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    ReferenceInput,
    StepSpec,
    ValueInput,
    needs_of,
)
from raincheck_contracts.reference_text import parse_reference
from raincheck_workers.execution.inputs import BoundInputs, bind, check_types, materialize
from tests.support.builders import record


class Named(TypedDict, total=False):
    """A dict with known keys."""

    score: float
    name: str


class Score(BaseModel):
    """A model."""

    score: float


def _reference(text: str) -> ReferenceInput:
    return ReferenceInput(reference=parse_reference(text))


def _bound(
    version: str = "1", metadata: str | None = None, type_: str | None = None
) -> BoundVersion:
    found: VersionRecord = record()
    if type_ is not None:
        manifest = found.manifest.model_copy(update={"type": type_})
        found = found.model_copy(update={"manifest": manifest})
    return BoundVersion("model", version, int(version), found, b"1.5", metadata)


def _inputs(values: Sequence[BoundVersion], **nodes: Input) -> BoundInputs:
    step = StepSpec(name="s", function="m:s", inputs=nodes)
    assert len(needs_of(step)) == len(values)
    return bind(step, Claimed("1:f", 1, 7, tuple(values), (1,) * len(values)))


def _load(bound: BoundVersion, annotation: object) -> object:
    return (bound.version, annotation)


def test_values_references_and_what_holds_them_become_arguments() -> None:
    """Each reference is loaded for the annotation of its place."""
    inputs = _inputs(
        [_bound("1"), _bound("2")],
        plain=ValueInput(value=[1, {"a": None}]),
        one=_reference("model@1"),
        many=ListInput(items=(_reference("model@1"), _reference("model@2"))),
        pair=ListInput(items=(_reference("model@2"), ValueInput(value=0)), tuple_=True),
        named=DictInput(items={"x": _reference("model@2")}),
    )
    annotations: dict[str, object] = {"one": float, "many": list[float], "named": dict[str, int]}
    assert materialize(inputs, annotations, _load) == {
        "plain": [1, {"a": None}],
        "one": ("1", float),
        "many": [("1", float), ("2", float)],
        "pair": (("2", Any), 0),
        "named": {"x": ("2", int)},
    }


def test_metadata_is_given_as_its_value() -> None:
    """No bytes are loaded; a pointer goes below the top-level key."""
    inputs = _inputs(
        [_bound("1", '{"validation":[0.5,0.25]}')],
        score=_reference("model@1#/scores/validation/1"),
    )
    assert materialize(inputs, {"score": float}, _load) == {"score": 0.25}
    (binding,) = inputs.bindings.values()
    assert (binding.pointer, binding.value, binding.revision) == ("/scores/validation/1", 0.25, 7)


def test_a_pointer_that_finds_nothing_is_an_error() -> None:
    """It can never find anything."""
    with pytest.raises(MetadataPointerError, match="model@1#/scores/test"):
        _inputs([_bound("1", '{"validation":1}')], score=_reference("model@1#/scores/test"))


def test_bindings_are_found_by_reference_and_by_parameter() -> None:
    """And the versions of a step are listed once each, for the lineage."""
    inputs = _inputs(
        [_bound("1"), _bound("1", "0.5")],
        model=_reference("model@1"),
        both=ListInput(items=(_reference("model@1"), _reference("model:latest#/MSE"))),
        plain=ValueInput(value=1),
    )
    assert set(inputs.bindings) == {"model@1", "model:latest#/MSE"}
    assert [b.version for b in inputs.by_parameter["both"]] == ["1", "1"]
    assert inputs.by_parameter["plain"] == ()
    assert inputs.versions == ("model@1",)


@pytest.mark.parametrize(
    ("annotation", "node"),
    [
        (float, _reference("model@1")),
        (Any, _reference("model@1")),
        (float | None, _reference("model@1")),
        (list[float], ListInput(items=(_reference("model@1"),))),
        (Sequence[float], ListInput(items=(_reference("model@1"),))),
        (dict[str, float], DictInput(items={"a": _reference("model@1")})),
        (Mapping[str, float], DictInput(items={"a": _reference("model@1")})),
    ],
)
def test_a_recorded_type_that_fits_is_taken(annotation: object, node: Input) -> None:
    """Also within a list or a dict."""
    check_types(_inputs([_bound()], p=node), {"p": annotation})


@pytest.mark.parametrize(
    ("annotation", "node"),
    [
        (str, _reference("model@1")),
        (list[str], ListInput(items=(_reference("model@1"),))),
        (dict[str, str], DictInput(items={"a": _reference("model@1")})),
        (str | None, _reference("model@1")),
    ],
)
def test_a_recorded_type_that_cannot_fit_is_named(annotation: object, node: Input) -> None:
    """With the parameter, the reference, the version, and both types."""
    with pytest.raises(TypeMismatchError) as caught:
        check_types(_inputs([_bound()], p=node), {"p": annotation})
    error = caught.value
    assert (error.parameter, error.reference) == ("p", "model@1 (= model@1)")
    assert error.recorded == "builtins.float"
    assert "str" in error.annotation


def test_a_metadata_value_must_fit_as_well() -> None:
    """A text is no number."""
    inputs = _inputs([_bound("1", '"good"')], mse=_reference("model:latest#/MSE"))
    check_types(inputs, {"mse": str})
    with pytest.raises(TypeMismatchError, match="'good'"):
        check_types(inputs, {"mse": float})


def test_a_parameter_without_an_annotation_takes_anything() -> None:
    """As in Python."""
    check_types(_inputs([_bound(type_="m.Unheard")], p=_reference("model@1")), {})


@pytest.mark.parametrize("count", [0, 2])
def test_a_claim_that_does_not_fit_the_step_is_refused(count: int) -> None:
    """No value is left over, and none is missing."""
    step = StepSpec(name="s", function="m:s", inputs={"p": _reference("model@1")})
    with pytest.raises(ValueError, match=r"zip\(\)|more answers"):
        bind(step, Claimed("1:f", 1, 7, (_bound(),) * count, (1,)))


@pytest.mark.parametrize(
    ("annotation", "node"),
    [
        (Annotated[list[float], "some"], ListInput(items=(_reference("model@1"),))),
        (list[float] | None, ListInput(items=(_reference("model@1"),))),
        (Iterable[float], ListInput(items=(_reference("model@1"),))),
        (tuple[float, ...], ListInput(items=(_reference("model@1"),), tuple_=True)),
        (tuple[float, str], ListInput(items=(_reference("model@1"),), tuple_=True)),
        (Named, DictInput(items={"score": _reference("model@1")})),
        (list[str] | list[float], ListInput(items=(_reference("model@1"),))),
        (list, ListInput(items=(_reference("model@1"),))),
        (object, ListInput(items=(_reference("model@1"),))),
        (list[float], _reference("model?take=1")),
        (Annotated[Sequence[float], "some"], _reference("model?take=1")),
    ],
    ids=range(11),
)
def test_elements_are_found_in_every_form_of_a_container(annotation: object, node: Input) -> None:
    """Within `Annotated`, unions, tuples, and dicts with known keys."""
    check_types(_inputs([_bound()], p=node), {"p": annotation})


@pytest.mark.parametrize(
    ("annotation", "node", "recorded"),
    [
        (Annotated[list[str], "some"], ListInput(items=(_reference("model@1"),)), "float"),
        (list[str] | None, ListInput(items=(_reference("model@1"),)), "float"),
        (Iterable[str], ListInput(items=(_reference("model@1"),)), "float"),
        (tuple[str, ...], ListInput(items=(_reference("model@1"),), tuple_=True), "float"),
        (tuple[str, float], ListInput(items=(_reference("model@1"),), tuple_=True), "float"),
        (Named, DictInput(items={"name": _reference("model@1")}), "float"),
        (list[str], _reference("model?take=1"), "float"),
        (float, ListInput(items=(_reference("model@1"),)), "a list"),
        (list[float], ListInput(items=(_reference("model@1"),), tuple_=True), "a tuple"),
        (list[float], DictInput(items={"a": _reference("model@1")}), "a dict"),
        (float, _reference("model?take=1"), "a list"),
        (list[list[str]], ListInput(items=(ListInput(items=(_reference("model@1"),)),)), "float"),
    ],
    ids=range(12),
)
def test_an_element_that_cannot_fit_is_named(
    annotation: object, node: Input, recorded: str
) -> None:
    """And so is a list where one value is wanted."""
    with pytest.raises(TypeMismatchError, match=f"model.* holds {recorded}. Refer to") as caught:
        check_types(_inputs([_bound()], p=node), {"p": annotation})
    assert caught.value.parameter == "p"


@pytest.mark.parametrize(
    ("value", "fitting", "other"),
    [
        ("1", int, str),
        ("1", Annotated[float, Field(ge=0)], Annotated[float, Field(ge=2)]),
        ("true", bool, str),
        ('"5"', str, int),
        ('"red"', Literal["red"], Literal["blue"]),
        ('"2026-01-01"', str, dt.date),
        ("null", float | None, float),
        ("[0.5,1]", list[float], list[str]),
        ("[0.5,1]", Sequence[float], tuple[float, ...]),
        ('[0.5,"x"]', list[float | str], list[float]),
        ('{"a":{"b":[1]}}', dict[str, dict[str, list[int]]], dict[str, dict[str, list[str]]]),
        ('{"score":1}', Named, list[float]),
        ('{"score":"x"}', dict[str, str], Named),
        ('{"score":1}', dict, Score),
        ("1.5", float, VersionRecord),
        ("[[1,2],[3]]", list[list[int]], list[int]),
    ],
    ids=range(16),
)
def test_nested_metadata_must_fit_in_all_its_elements(
    value: str, fitting: object, other: object
) -> None:
    """Nothing is converted: the step gets what the metadata holds."""
    inputs = _inputs([_bound("1", value)], mse=_reference("model:latest#/MSE"))
    check_types(inputs, {"mse": fitting})
    with pytest.raises(TypeMismatchError, match="parameter 'mse' takes"):
        check_types(inputs, {"mse": other})
