"""References: pointers to versions that need not exist yet, and their string form.

    trained_model@42              the version named 42
    trained_model:production      the version that the alias names
    trained_model:latest          the newest version
    trained_model~1               the one before the newest
    trained_model?min=MSE         the version whose MSE is least (`max`: greatest)
    trained_model?tag=nightly     the newest version with that tag
    trained_model?where=MSE<0.2   the newest version whose metadata satisfies all conditions
    trained_model?pipeline=train  the newest version that a run of the pipeline published
    trained_model?run=RUN         the newest version that the run published
    trained_model?model=churn     the newest one linked to the newest version of the model churn;
                                  also churn@3, churn:production, churn~1
    trained_model?trigger=newest  the version whose event started the run (`all`: the list)

after those of `?`, with `&` in between, or as the first with `?`

    &take=3                       the list of the first 3 of them (`all`: of all)
    &asof=812                     as the index was at revision 812
    &asof=2026-11-01T12:00:00Z    as it was at that time

and after any of them `#/MSE`, a JSON Pointer into the metadata in the URI fragment
form of RFC 6901, section 6.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from typing_extensions import override

from raincheck_contracts._base import Contract, canonical_json
from raincheck_contracts.names import SeriesName
from raincheck_contracts.pointers import tokens_of
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

#: JSON Pointer, unescaped form of RFC 6901: `/MSE`, `/per_class/0`.
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/\x00-\x1f]*)+$")]


def _moment(given: object) -> object:
    """A revision, or a time in UTC to the millisecond: the index's clock knows no finer."""
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    if isinstance(given, datetime) and given.tzinfo is not None:
        given = given.astimezone(UTC)
        return given.replace(microsecond=given.microsecond // 1000 * 1000)
    if type(given) is int and given >= 0:
        return given
    raise ValueError(f"{given!r} is neither a revision nor a time with its zone")


#: A revision of the index, or a time of its clock.
Moment = Annotated[int | datetime, BeforeValidator(_moment)]
_NO_LIST = ("version", "alias", "nth", "trigger", "model")
_NO_MOMENT = ("version", "trigger")


class Reference(Contract):
    """An artifact, a selector, and perhaps a projection onto the metadata."""

    artifact: SeriesName
    selector: Selector = LatestSelector()
    pointer: Pointer | None = None
    """Into the version's metadata; without it the value is the artifact itself."""
    wait: Annotated[float, Field(ge=0)] | None = None
    """Seconds to wait for it; None is the run's default."""
    as_of: Moment | None = None
    """The revision, or the time, at which the index is asked; None is when the step starts."""
    take: Annotated[int, Field(ge=1, le=100, strict=True)] | Literal["all"] | None = None
    """How many it stands for, in a list: at most 100; None is one, not in a list."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        by = self.selector.by
        if self.take is not None and by in _NO_LIST:
            raise ValueError(f"a selector by {by} has no place for take=")
        if self.as_of is not None and by in _NO_MOMENT:
            raise ValueError(f"what is selected by {by} is the same at all times: leave asof= out")
        if self.as_of is not None and by == "model":
            raise ValueError(
                "what was linked to a model at a moment is not kept: name the model's version, "
                f"which model/{getattr(self.selector, 'model', '')} with asof= tells"
            )
        return self

    @property
    def floating(self) -> bool:
        """Whether later publications can change what this resolves to in a run."""
        return self.selector.by not in {"version", "trigger"} and self.as_of is None

    @property
    def listed(self) -> bool:
        """Whether it resolves to a list of versions."""
        selector = self.selector
        return self.take is not None or (
            isinstance(selector, TriggerSelector) and selector.take == "all"
        )

    @property
    def pointer_tokens(self) -> tuple[str, ...]:
        """The unescaped tokens of the pointer; empty without one."""
        if self.pointer is None:
            return ()
        return tokens_of(self.pointer)

    @override
    def __str__(self) -> str:
        """The string form."""
        text = self.artifact + _format_selection(self)
        if self.pointer is not None:
            text += "#" + quote(self.pointer, safe="/~!$&'()*+,;=:@-._")
        return text


_SIGNS = {
    Operator.LE: "<=",
    Operator.GE: ">=",
    Operator.LT: "<",
    Operator.GT: ">",
    Operator.EQ: "=",
}


def _format_condition(condition: Condition) -> str:
    key = quote(condition.key, safe="-._/ ")
    if condition.op is Operator.EXISTS:
        return key
    return key + _SIGNS[condition.op] + quote(canonical_json(condition.value), safe='-._"')


def _format_selection(reference: Reference) -> str:
    modifiers: list[str] = []
    if reference.take is not None:
        modifiers.append(f"take={reference.take}")
    if reference.as_of is not None:
        modifiers.append(f"asof={format_moment(reference.as_of)}")
    selector = _format_selector(reference.selector)
    if not modifiers:
        return selector
    if isinstance(reference.selector, LatestSelector):
        selector = ""
    return selector + ("&" if "?" in selector else "?") + "&".join(modifiers)


def format_moment(moment: int | datetime) -> str:
    """A revision, or a time in UTC to the millisecond, as references write it."""
    if isinstance(moment, int):
        return str(moment)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _format_selector(selector: Selector) -> str:  # noqa: C901, PLR0911 - one for each
    match selector:
        case VersionSelector():
            return f"@{selector.version}"
        case AliasSelector():
            return f":{selector.alias}"
        case LatestSelector():
            return ":latest"
        case BestSelector():
            return f"?{selector.mode}={quote(selector.metric, safe='-._')}"
        case TagSelector():
            return f"?tag={selector.tag}"
        case WhereSelector():
            return "?where=" + ",".join(map(_format_condition, selector.conditions))
        case NthSelector():
            return f"~{selector.back}"
        case PipelineSelector():
            return f"?pipeline={selector.pipeline}"
        case RunSelector():
            return f"?run={selector.run}"
        case TriggerSelector():
            return f"?trigger={selector.take}"
        case ModelSelector():
            return f"?model={selector}"
