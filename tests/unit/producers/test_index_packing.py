import pytest

from raincheck.index.packing import (
    pack_needs,
    pack_reference,
    pack_run_scope,
    unpack_missing,
    written,
)
from raincheck_contracts.deletions import VersionDeleted
from raincheck_contracts.pipelines import needs_of
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference
from tests.support.builders import output_of, pipeline, step, waiting


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("model@42", "v|42||"),
        ("model:latest", "l|||"),
        ("model:prod", "a|prod||"),
        ("model?min=MSE", "b|MSE|min|"),
        ("model?max=MSE", "b|MSE|max|"),
        ("model?tag=nightly", "t|nightly||"),
        ("model@42#/MSE", "v|42||MSE"),
        ("model:latest#/per~1class/0", "l|||per/class"),
        ("model~2", "n|2||"),
        ("model?pipeline=train", "p|train||"),
        ("model?run=train+1+data@42", "r|train+1+data@42||"),
        ("model?asof=812", "l||||r812|"),
        ("model:prod?asof=2026-11-01T12:00:00.250Z", "a|prod|||t1793534400250|"),
        ("model?take=3", "l|||||3"),
        ("model?tag=nightly&take=all&asof=7", "t|nightly|||r7|all"),
    ],
)
def test_a_reference_is_packed_as_nine_fields(text: str, fields: str) -> None:
    """As written, artifact, kind, its two arguments, metadata key, wait, moment, take."""
    kind, argument, second, key, *more = fields.split("|")
    assert pack_reference(parse_reference(text)).split("\x1f") == [
        *(text, "model", kind, argument, second, key, ""),
        *(more or ("", "")),
    ]


def test_the_wait_of_a_reference_is_packed_in_milliseconds() -> None:
    """Zero is a wait too, and not the default."""
    assert pack_reference(waiting("model", 1.5)).split("\x1f")[6] == "1500"
    assert pack_reference(waiting("model", 0)).split("\x1f")[6] == "0"


def test_conditions_are_packed_with_canonical_values() -> None:
    """A text keeps its quotes, so that it differs from the number."""
    packed = pack_reference(parse_reference('model?where=MSE<0.20,kind="a"'))
    assert packed.split("\x1f")[3] == 'MSE\x1clt\x1c0.2\x1dkind\x1ceq\x1c"a"'


def test_no_separator_of_a_value_can_be_taken_for_the_index_s() -> None:
    """JSON escapes control characters."""
    packed = pack_reference(parse_reference('model?where=kind="\\u001d\\u001e\\u001f\\u001c"'))
    assert packed.split("\x1f")[3] == 'kind\x1ceq\x1c"\\u001d\\u001e\\u001f\\u001c"'
    assert len(packed.split("\x1f")) == 9
    assert "\x1e" not in packed


def test_needs_are_packed_in_the_order_of_the_step() -> None:
    """Outputs and references, each once."""
    spec = step("b", "model", output_of("a", "x"), "model", "data")
    items = pack_needs(needs_of(spec)).split("\x1e")
    assert [item.split("\x1f")[0] for item in items] == ["model:latest", "a.x", "data:latest"]
    assert [written(need) for need in needs_of(spec)] == ["model:latest", "a.x", "data:latest"]
    assert items[1] == "a.x\x1f\x1fo\x1fa\x1fx\x1f\x1f"
    assert pack_needs([]) == ""


def test_only_a_run_scoped_pipeline_has_a_run_scope() -> None:
    """All its references, each once, without the outputs of its own steps."""
    steps = (step("a", "model", outputs=["x"]), step("b", output_of("a", "x"), "model", "data"))
    assert pack_run_scope(pipeline(*steps)) == ""
    packed = pack_run_scope(pipeline(*steps, bind="run")).split("\x1e")
    assert [item.split("\x1f")[0] for item in packed] == ["model:latest", "data:latest"]


def test_misses_come_back_in_their_order() -> None:
    """Reference, reason, deadline; none when nothing is missing."""
    packed = "a:latest\x1fartifact-unknown\x1f17\x1ea@7\x1fversion-passed\x1f18"
    packed += "\x1ea@6\x1fversion-deleted\x1f19\x1f17 6 ann b"
    assert unpack_missing(packed) == (
        MissingReference(reference="a:latest", reason=MissingReason.ARTIFACT_UNKNOWN, deadline=17),
        MissingReference(reference="a@7", reason=MissingReason.VERSION_PASSED, deadline=18),
        MissingReference(
            reference="a@6",
            reason=MissingReason.VERSION_DELETED,
            deadline=19,
            deleted=VersionDeleted(version="6", at=17, by="ann b"),
        ),
    )
    assert unpack_missing("") == ()
