"""What a step had bound, as lineage keeps it: each place of each parameter, within limits."""

from raincheck.index.replies import BoundVersion, Claimed
from raincheck_contracts.lineage import MAX_BOUND_BYTES
from raincheck_contracts.pipelines import DictInput, Input, ListInput, ReferenceInput, StepSpec
from raincheck_contracts.reference_text import parse_reference
from raincheck_workers.execution.inputs import bind
from raincheck_workers.execution.lineage import bound_references
from tests.support.builders import record


def _reference(text: str) -> ReferenceInput:
    return ReferenceInput(reference=parse_reference(text))


def _bound(version: int, metadata: str | None = None) -> BoundVersion:
    return BoundVersion("model", str(version), version, record(), None, metadata)


def test_each_place_of_a_parameter_is_told() -> None:
    """As a JSON Pointer; one reference in two places is told twice."""
    nodes: dict[str, Input] = {
        "one": _reference("model@1"),
        "many": ListInput(items=(_reference("model@1"), _reference("model@2"))),
        "named": DictInput(items={"a/b": _reference("model@2")}),
    }
    step = StepSpec(name="s", function="m:s", inputs=nodes)
    found = bound_references(bind(step, Claimed("1:f", 1, 7, (_bound(1), _bound(2)), (1, 1))))
    assert [(one.parameter, one.place, one.reference, one.version) for one in found.bound] == [
        ("one", "", "model@1", "1"),
        ("many", "/0", "model@1", "1"),
        ("many", "/1", "model@2", "2"),
        ("named", "/a~1b", "model@2", "2"),
    ]


def test_a_value_over_a_kibibyte_is_left_out_and_marked() -> None:
    """The smaller one beside it is kept."""
    nodes: dict[str, Input] = {"a": _reference("model@1#/a"), "b": _reference("model@1#/b")}
    step = StepSpec(name="s", function="m:s", inputs=nodes)
    large = f'"{"x" * 1_100}"'
    values = (_bound(1, large), _bound(1, "0.5"))
    first, second = bound_references(bind(step, Claimed("1:f", 1, 7, values, (1, 1)))).bound
    assert (first.value, first.value_left_out) == (None, True)
    assert (second.value, second.value_left_out) == (0.5, False)


def test_what_is_too_much_in_all_is_cut_and_counted() -> None:
    """First all values go, then the last references."""
    step = StepSpec(name="s", function="m:s", inputs={"a": _reference("model@1#/a")})
    value = f'"{"x" * 900}"'
    for count, left_out in ((200, 0), (2_000, True)):
        many = ListInput(items=(_reference("model@1#/a"),) * count)
        wide = step.model_copy(update={"inputs": {"a": many}})
        found = bound_references(bind(wide, Claimed("1:f", 1, 7, (_bound(1, value),), (1,))))
        assert len(found.canonical_json().encode()) <= MAX_BOUND_BYTES
        assert all(one.value_left_out for one in found.bound)
        assert len(found.bound) + found.left_out == count
        assert bool(found.left_out) is bool(left_out)
