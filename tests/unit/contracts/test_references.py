"""References and their string form."""

import pytest
from pydantic import ValidationError

from raincheck_contracts.errors import ReferenceSyntaxError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    LatestSelector,
    ModelSelector,
    Operator,
    TagSelector,
    VersionSelector,
    WhereSelector,
)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("model@42", VersionSelector(version="42")),
        ("model:production", AliasSelector(alias="production")),
        ("model:latest", LatestSelector()),
        ("model?min=MSE", BestSelector(metric="MSE", mode="min")),
        ("model?max=F%31", BestSelector(metric="F1", mode="max")),
        ("model?tag=nightly", TagSelector(tag="nightly")),
        ("model?model=churn", ModelSelector(model="churn")),
        ("model?model=churn:latest", ModelSelector(model="churn")),
        ("model?model=churn@3", ModelSelector(model="churn", version="3")),
        ("model?model=churn:production", ModelSelector(model="churn", stage="production")),
        ("model?model=churn~1", ModelSelector(model="churn", back=1)),
        ("model/churn:production", AliasSelector(alias="production")),
        (
            'model?where=MSE<0.2,name="a%2Cb",done',
            WhereSelector(
                conditions=(
                    Condition(key="MSE", op=Operator.LT, value=0.2),
                    Condition(key="name", op=Operator.EQ, value="a,b"),
                    Condition(key="done", op=Operator.EXISTS),
                )
            ),
        ),
    ],
)
def test_each_selector_has_a_string_form(text: str, selector: object) -> None:
    """The string form reads as the selector it names."""
    assert parse_reference(text).selector == selector


def test_a_bare_name_is_the_newest_version() -> None:
    """A name alone means latest, and is written with it."""
    assert str(parse_reference("model")) == "model:latest"


def test_a_pointer_follows_any_selector() -> None:
    """The fragment is a JSON Pointer with RFC 6901's escapes."""
    reference = parse_reference("model@42#/a~1b/%C3%A9/0")
    assert reference.pointer == "/a~1b/é/0"
    assert reference.pointer_tokens == ("a/b", "é", "0")
    assert str(reference) == "model@42#/a~1b/%C3%A9/0"


def test_only_a_version_does_not_float() -> None:
    """A named version can never resolve to another; everything else may."""
    assert not parse_reference("model@42").floating
    assert all(parse_reference(f"model{s}").floating for s in (":latest", ":x", "?min=a", "?tag=t"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model:42", "did you mean the version @42?"),
        ("Model@1", "artifact"),
        ("model@", "version"),
        ("model?best=MSE", "there are min, max, tag, where"),
        ("model?min", "not of the form ?word=argument"),
        ("model?where=<3", "not of the form key<value"),
        ("model?where=a<zwei", "no JSON value"),
        ("model#MSE", "pointer"),
        ("model#/%FF", "percent-encoded UTF-8"),
        ("model:", "alias"),
        ("", "artifact"),
        ("a/b", "artifact"),
        ("model/", "artifact"),
        ("model/a/b", "artifact"),
        ("m?model=Churn", "model: String should match"),
        ("m?model=model/churn", "model: String should match"),
        ("m?model=churn:7", "is no alias"),
        ("m?model=churn~x", "no number of versions"),
        ("m?model=churn&take=3", "has no place for take="),
        ("m?model=churn&asof=3", "is not kept"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_place(text: str, says: str) -> None:
    """The error names the text, what is wrong in it, and shows right ones."""
    with pytest.raises(ReferenceSyntaxError) as caught:
        parse_reference(text)
    assert says in str(caught.value)
    assert repr(text) in str(caught.value)
    assert "trained_model@42" in str(caught.value)


@pytest.mark.parametrize("alias", ["42", "latest", "", "a b", "a/b"])
def test_an_alias_cannot_be_mistaken(alias: str) -> None:
    """Digits alone would read as a version, `latest` is the index's own."""
    with pytest.raises(ValidationError):
        AliasSelector(alias=alias)


def test_references_are_frozen_and_refuse_unknown_fields() -> None:
    """A reference is plain data that nobody changes."""
    reference = Reference(artifact="model")
    with pytest.raises(ValidationError):
        reference.artifact = "other"  # type: ignore[misc]  # what the test is about
    with pytest.raises(ValidationError):
        Reference.model_validate({"artifact": "model", "versoin": "42"})
