import pytest

from raincheck.index import Index
from raincheck.index.replies import BoundVersion, Claimed, Parked, Unresolvable
from raincheck_contracts._base import JsonValue
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import BestSelector, Condition, Operator, WhereSelector
from tests.support.builders import new_version, nonce, output_of, pipeline, step, waiting
from tests.support.driver import Driver


def _one(index: Index, reference: str | Reference) -> BoundVersion | MissingReference:
    if isinstance(reference, str):
        reference = parse_reference(reference)
    answer = index.versions.resolve([reference]).answers[0]
    assert not isinstance(answer, tuple)
    return answer


def _version(index: Index, reference: str | Reference) -> str:
    answer = _one(index, reference)
    assert isinstance(answer, BoundVersion), answer
    return f"{answer.artifact}@{answer.version}"


def _reason(index: Index, reference: str | Reference) -> MissingReason:
    answer = _one(index, reference)
    assert isinstance(answer, MissingReference), answer
    return answer.reason


def _raw(index: Index, reference: str) -> str | None:
    answer = _one(index, reference)
    assert isinstance(answer, BoundVersion), answer
    return answer.metadata


def test_an_exact_version_is_found_by_its_name(driver: Driver) -> None:
    """Numbers and chosen names alike; never a prefix."""
    for _ in range(10):
        driver.publish("model")
    driver.publish("model", "v1.0-rc1")
    assert _version(driver.index, "model@1") == "model@1"
    assert _version(driver.index, "model@10") == "model@10"
    assert _version(driver.index, "model@v1.0-rc1") == "model@v1.0-rc1"
    assert _reason(driver.index, "model@v1.0") is MissingReason.VERSION_UNKNOWN


def test_latest_is_the_version_published_last(driver: Driver) -> None:
    """Order is that of publication, not that of names."""
    driver.publish("model")
    driver.publish("model", "zz")
    driver.publish("model", "aa")
    assert _version(driver.index, "model:latest") == "model@aa"
    driver.publish("model")
    assert _version(driver.index, "model") == "model@2"


def test_an_alias_names_a_version(driver: Driver) -> None:
    """Until it is moved."""
    driver.publish("model")
    driver.publish("model")
    driver.index.versions.set_alias(nonce(), "model", "production", "1")
    assert _version(driver.index, "model:production") == "model@1"
    driver.index.versions.set_alias(nonce(), "model", "production", "2")
    assert _version(driver.index, "model:production") == "model@2"


def test_best_is_the_least_or_greatest_number(driver: Driver) -> None:
    """Compared as numbers, not as text; versions without the number are no candidates."""
    for number in (10, 9.5, -2e-3, 1e300):
        driver.publish("model", MSE=number)
    driver.publish("model")
    driver.publish("model", MSE="0")
    driver.publish("model", MSE=True)
    assert _version(driver.index, "model?min=MSE") == "model@3"
    assert _version(driver.index, "model?max=MSE") == "model@4"


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("number", [0.1, 0.30000000000000004, -7, 1e-310, 5e-324, 1.7e308])
def test_the_newest_of_equally_good_versions_is_best(
    driver: Driver, mode: str, number: float
) -> None:
    """Also beyond the ninth version, where the order of texts is another one."""
    for _ in range(12):
        driver.publish("model", MSE=number)
    assert _version(driver.index, f"model?{mode}=MSE") == "model@12"


def test_best_finds_a_number_logged_later(driver: Driver) -> None:
    """A metric may come after the publication."""
    driver.publish("model", MSE=0.5)
    driver.publish("model")
    driver.index.versions.log_metadata("model", "2", {"MSE": 0.1})
    assert _version(driver.index, "model?min=MSE") == "model@2"


def test_a_tag_names_the_newest_version_that_has_it(driver: Driver) -> None:
    """Given at the publication or later."""
    publish = driver.index.versions.publish
    publish(nonce(), new_version("model", tags=("nightly", "big")))
    publish(nonce(), new_version("model", tags=("nightly",)))
    publish(nonce(), new_version("model"))
    assert _version(driver.index, "model?tag=nightly") == "model@2"
    assert _version(driver.index, "model?tag=big") == "model@1"
    driver.index.versions.tag("model", "3", "big")
    assert _version(driver.index, "model?tag=big") == "model@3"


@pytest.mark.parametrize(
    ("condition", "version"),
    [
        ("MSE<0.2", "1"),
        ("MSE<=0.2", "2"),
        ("MSE>0.3", "4"),
        ("MSE>=0.4", "4"),
        ("MSE=0.3", "3"),
        ("MSE=3e-1", "3"),
        ("n=1", "2"),
        ("n=1.0", "2"),
        ('kind="small"', "2"),
        ("kind", "3"),
        ("MSE<0.4,kind", "3"),
        ("MSE<0.3,kind", "2"),
        ("ok=true", "1"),
    ],
)
def test_where_is_the_newest_version_that_satisfies_all_conditions(
    driver: Driver, condition: str, version: str
) -> None:
    """Each operator, alone and together."""
    driver.publish("model", MSE=0.1, ok=True)
    driver.publish("model", MSE=0.2, kind="small", n=1)
    driver.publish("model", MSE=0.3, kind="large", ok=False)
    driver.publish("model", MSE=0.4)
    assert _version(driver.index, f"model?where={condition}") == f"model@{version}"


def test_where_compares_numbers_only_with_numbers(driver: Driver) -> None:
    """A text that looks like a number is not less than one, nor equal to it."""
    driver.publish("model", MSE="0.1")
    assert _reason(driver.index, "model?where=MSE<1") is MissingReason.NO_CANDIDATE
    assert _reason(driver.index, "model?where=MSE=0.1") is MissingReason.NO_CANDIDATE
    assert _version(driver.index, 'model?where=MSE="0.1"') == "model@1"


def test_where_looks_at_a_thousand_versions(driver: Driver) -> None:
    """The thousandth is found; beyond it the reference is called too selective."""
    conditions = (Condition(key="ok", op=Operator.EXISTS),)
    reference = Reference(artifact="model", selector=WhereSelector(conditions=conditions))
    driver.publish("model", ok=True)
    for _ in range(999):
        driver.publish("model")
    assert _version(driver.index, reference) == "model@1"
    driver.publish("model")
    assert _reason(driver.index, reference) is MissingReason.TOO_SELECTIVE


def test_an_output_of_an_earlier_step_is_bound(driver: Driver) -> None:
    """It is the version that this run published, whatever came later."""
    spec = pipeline(step("a", outputs=["x"]), step("b", output_of("a", "x")))
    run = driver.submit(spec)
    driver.finish(run, "a", new_version("x", output="x"))
    driver.publish("x")
    [value] = driver.claimed(run, "b").values
    assert (value.artifact, value.version, value.inline) == ("x", "1", b"1.5")


def test_an_output_that_was_not_returned_fails_the_step(driver: Driver) -> None:
    """It can never come: waiting for it would be waiting for nothing."""
    spec = pipeline(step("a", outputs=["x"]), step("b", output_of("a", "x")))
    run = driver.submit(spec)
    driver.finish(run, "a")
    reply = driver.claim(run, "b")
    assert isinstance(reply, Unresolvable)
    assert reply.missing[0].reason is MissingReason.NO_OUTPUT
    assert reply.missing[0].reference == "a.x"


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (0.12345678901234567, "0.12345678901234566"),
        (9007199254740993, "9007199254740993"),
        (-(10**30), "-1000000000000000000000000000000"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [], "b": {}}, '{"a":[],"b":{}}'),
        ("ä€😀\u0000\x1f", '"ä€😀\\u0000\\u001f"'),
        (None, "null"),
        (1.0, "1.0"),
    ],
)
def test_a_metadata_value_comes_back_as_the_text_it_was(
    driver: Driver, value: JsonValue, raw: str
) -> None:
    """The index hands out the raw JSON: no digit, no empty list is lost on the way."""
    driver.publish("model", x=value)
    assert _raw(driver.index, "model#/x") == raw
    run = driver.submit(pipeline(step("a", "model#/x")))
    [bound] = driver.claimed(run, "a").values
    assert bound.metadata == raw
    assert bound.inline is None
    [binding] = driver.step_run(run, "a").bindings.values()
    assert binding.value == value
    assert type(binding.value) is type(value)


def test_a_nested_metadata_value_is_found_below_its_key(driver: Driver) -> None:
    """The index gives the top-level key; the pointer goes on within it."""
    driver.publish("model", scores={"per/class": [0.1, 0.2]})
    run = driver.submit(pipeline(step("a", "model#/scores/per~1class/1")))
    assert driver.claimed(run, "a").values[0].metadata == '{"per/class":[0.1,0.2]}'
    [binding] = driver.step_run(run, "a").bindings.values()
    assert (binding.pointer, binding.value) == ("/scores/per~1class/1", 0.2)


def test_metadata_of_every_selector_is_that_of_the_selected_version(driver: Driver) -> None:
    """Model and metric cannot come from two versions."""
    driver.index.versions.publish(
        nonce(), new_version("model", tags=("t",), metadata={"MSE": 0.1, "n": 1})
    )
    driver.publish("model", MSE=0.2, n=2)
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    selected = {"@1": "1", ":prod": "1", ":latest": "2", "?min=MSE": "1", "?max=MSE": "2"}
    selected |= {"?tag=t": "1", "?where=MSE<1": "2"}
    for selector, value in selected.items():
        assert _raw(driver.index, f"model{selector}#/n") == value


def test_all_references_of_a_step_are_bound_at_one_revision(driver: Driver) -> None:
    """The same version whichever way it is named, and the revision is recorded."""
    driver.publish("model", MSE=0.2)
    driver.publish("model", MSE=0.1)
    run = driver.submit(pipeline(step("a", "model", "model#/MSE", "model?min=MSE")))
    revision = driver.index.records.revision()
    reply = driver.claimed(run, "a")
    assert reply.revision == revision
    assert [value.version for value in reply.values] == ["2", "2", "2"]
    bindings = driver.step_run(run, "a").bindings.values()
    assert {binding.revision for binding in bindings} == {revision}


def test_the_reasons_of_a_miss_are_told_apart(driver: Driver) -> None:
    """Artifact, version, alias, metadata key, tag, candidate: each has its own reason."""
    assert _reason(driver.index, "model@7") is MissingReason.ARTIFACT_UNKNOWN
    assert _reason(driver.index, "model") is MissingReason.ARTIFACT_UNKNOWN
    assert _reason(driver.index, "model:prod") is MissingReason.ARTIFACT_UNKNOWN
    driver.publish("model")
    assert _reason(driver.index, "model@7") is MissingReason.VERSION_UNKNOWN
    assert _reason(driver.index, "model:prod") is MissingReason.ALIAS_UNKNOWN
    assert _reason(driver.index, "model#/MSE") is MissingReason.METADATA_KEY_UNKNOWN
    assert _reason(driver.index, "model@1#/MSE") is MissingReason.METADATA_KEY_UNKNOWN
    assert _reason(driver.index, "model?tag=t") is MissingReason.TAG_UNKNOWN
    assert _reason(driver.index, "model?min=MSE") is MissingReason.NO_CANDIDATE
    assert _reason(driver.index, "model?where=MSE<1") is MissingReason.NO_CANDIDATE


@pytest.mark.parametrize("version", ["0", "2", "007"])
def test_a_number_that_the_counter_has_passed_can_never_come(driver: Driver, version: str) -> None:
    """Chosen names do not move the counter; a number it will not give is final."""
    driver.publish("model")
    driver.publish("model", "x")
    selector = parse_reference(f"model@{version}")
    expected = MissingReason.VERSION_UNKNOWN if version == "2" else MissingReason.VERSION_PASSED
    assert _reason(driver.index, selector) is expected
    run = driver.submit(pipeline(step("a", selector)))
    reply = driver.claim(run, "a")
    assert isinstance(reply, Parked if version == "2" else Unresolvable)


def test_a_miss_names_every_missing_reference(driver: Driver) -> None:
    """The one that is watched and all others."""
    driver.publish("data")
    run = driver.submit(pipeline(step("a", "model@1", "data", "data#/rows", waiting("x", 5))))
    missing = driver.parked(run, "a").missing
    assert [item.reference for item in missing] == ["model@1", "data:latest#/rows", "x:latest"]
    assert driver.step_run(run, "a").missing == missing


def test_a_step_cannot_bind_more_metadata_than_its_record_holds(driver: Driver) -> None:
    """64 KiB over all references: beyond that the step fails at once, with the reason."""
    for name in "abcde":
        driver.publish(name, x="y" * 16_000)
    fits = driver.submit(pipeline(step("s", *(f"{name}#/x" for name in "abcd"))))
    assert isinstance(driver.claim(fits, "s"), Claimed)
    over = driver.submit(pipeline(step("s", *(f"{name}#/x" for name in "abcde"))))
    reply = driver.claim(over, "s")
    assert isinstance(reply, Unresolvable)
    assert [item.reason for item in reply.missing] == [MissingReason.METADATA_TOO_LARGE]


def test_two_hundred_and_fifty_six_references_are_bound_in_one_claim(driver: Driver) -> None:
    """The limit of one step, repeated for the same delivery."""
    for i in range(256):
        driver.publish(f"m{i}", i=i)
    run = driver.submit(pipeline(step("s", *(f"m{i}#/i" for i in range(256)))))
    values = driver.claimed(run, "s").values
    assert [value.metadata for value in values] == [str(i) for i in range(256)]


def test_a_metadata_key_may_hold_any_printable_text(driver: Driver) -> None:
    """Colons, slashes, spaces and letters of all scripts are part of the key."""
    name = "a:b/c d#é@1?x=1"
    driver.publish("model", **{name: 0.5})
    reference = Reference(artifact="model", selector=BestSelector(metric=name, mode="min"))
    assert _version(driver.index, reference) == "model@1"
    pointer = "/" + name.replace("/", "~1")
    assert _raw(driver.index, str(reference.model_copy(update={"pointer": pointer}))) == "0.5"
