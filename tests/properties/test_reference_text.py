"""The string form of references loses nothing."""

from datetime import datetime, timedelta, timezone
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from raincheck_contracts.names import IDENTIFIER_PATTERN, RUN_ID_PATTERN
from raincheck_contracts.pointers import pointer_of, tokens_of
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    LatestSelector,
    ModelSelector,
    NthSelector,
    Operator,
    PipelineSelector,
    RunSelector,
    Selector,
    TagSelector,
    TriggerSelector,
    VersionSelector,
    WhereSelector,
)

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)
VERSIONS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", fullmatch=True)
ALIASES = VERSIONS.filter(lambda text: not text.isdigit() and text != "latest")
KEYS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
CONDITIONS = st.builds(
    Condition,
    key=KEYS,
    op=st.sampled_from([op for op in Operator if op is not Operator.EXISTS]),
    value=JSON,
) | st.builds(Condition, key=KEYS, op=st.just(Operator.EXISTS))
SELECTORS: st.SearchStrategy[Selector] = st.one_of(
    st.builds(VersionSelector, version=VERSIONS),
    st.builds(AliasSelector, alias=ALIASES),
    st.just(LatestSelector()),
    st.builds(BestSelector, metric=KEYS, mode=st.sampled_from(["min", "max"])),
    st.builds(TagSelector, tag=VERSIONS),
    st.builds(WhereSelector, conditions=st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple)),
    st.builds(NthSelector, back=st.integers(0, 1_000_000)),
    st.builds(PipelineSelector, pipeline=st.from_regex(IDENTIFIER_PATTERN, fullmatch=True)),
    st.builds(RunSelector, run=st.from_regex(RUN_ID_PATTERN, fullmatch=True)),
    st.builds(TriggerSelector, take=st.sampled_from(["newest", "all"])),
    st.builds(ModelSelector, model=NAMES),
    st.builds(ModelSelector, model=NAMES, version=VERSIONS),
    st.builds(ModelSelector, model=NAMES, stage=ALIASES),
    st.builds(ModelSelector, model=NAMES, back=st.integers(0, 1_000_000)),
)


def _time(at: float, hours: int) -> datetime:
    return datetime.fromtimestamp(at, timezone(timedelta(hours=hours)))


TIMES = st.builds(_time, st.floats(0, 4e9), st.integers(-12, 12))
TOKENS = st.lists(KEYS | st.integers(0, 99), min_size=1, max_size=4)


@st.composite
def _references(draw: st.DrawFn) -> Reference:
    selector = draw(SELECTORS)
    take: int | Literal["all"] | None = None
    as_of = None
    if selector.by not in {"version", "alias", "nth", "trigger", "model"}:
        take = draw(st.none() | st.integers(1, 100)) if draw(st.booleans()) else "all"
    if selector.by not in {"version", "trigger", "model"}:
        as_of = draw(st.none() | st.integers(0, 10**15) | TIMES)
    return Reference(
        artifact=draw(NAMES | NAMES.map("model/{}".format)),
        selector=selector,
        pointer=draw(st.none() | TOKENS.map(lambda tokens: pointer_of(*tokens))),
        take=take,
        as_of=as_of,
    )


REFERENCES = _references()


@given(REFERENCES)
def test_reading_what_was_written_gives_the_reference_back(reference: Reference) -> None:
    """parse(format(x)) == x, whatever keys and values contain."""
    assert parse_reference(str(reference)) == reference


@given(REFERENCES)
def test_the_json_form_gives_the_reference_back(reference: Reference) -> None:
    """The wire form loses nothing either."""
    assert Reference.model_validate_json(reference.canonical_json()) == reference


@given(TOKENS)
def test_pointer_tokens_survive_escaping(tokens: list[str | int]) -> None:
    """tokens_of(pointer_of(x)) == x."""
    assert list(tokens_of(pointer_of(*tokens))) == [str(token) for token in tokens]
