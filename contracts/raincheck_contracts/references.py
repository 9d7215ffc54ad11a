"""References: pointers to versions that need not exist yet, and their string form.

    trained_model@42              the version named 42
    trained_model:production      the version that the alias names
    trained_model:latest          the newest version
    trained_model?min=MSE         the version whose MSE is least (`max`: greatest)
    trained_model?tag=nightly     the newest version with that tag
    trained_model?where=MSE<0.2   the newest version whose metadata satisfies all conditions
    trained_model?trigger=newest  the version whose event started the run (`all`: the list)

and after any of them `#/MSE`, a JSON Pointer into the metadata in the URI fragment
form of RFC 6901, section 6.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import override

from raincheck_contracts._base import Contract, JsonValue, canonical_json
from raincheck_contracts.names import (
    ALIAS_PATTERN,
    ArtifactName,
    MetadataKey,
    Tag,
    VersionName,
)
from raincheck_contracts.pointers import tokens_of


def _alias(text: str) -> str:
    if not re.fullmatch(ALIAS_PATTERN, text):
        hint = (
            f"did you mean the version @{text}?"
            if text.isdigit()
            else "an alias is letters, digits and . _ + -, not digits alone, not 'latest'"
        )
        raise ValueError(f"{text!r} is no alias: {hint}")
    return text


#: A movable name for a version: not all digits, not `latest`.
Alias = Annotated[str, AfterValidator(_alias)]
#: JSON Pointer, unescaped form of RFC 6901: `/MSE`, `/per_class/0`.
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/\x00-\x1f]*)+$")]


class Operator(StrEnum):
    """How a condition compares a metadata value; `lt` to `ge` compare numbers."""

    EQ = "eq"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    EXISTS = "exists"


class Condition(Contract):
    """A predicate over one top-level metadata key."""

    key: MetadataKey
    op: Operator
    value: JsonValue = None


class VersionSelector(Contract):
    """The version of that name."""

    by: Literal["version"] = "version"
    version: VersionName


class AliasSelector(Contract):
    """The version that the alias names."""

    by: Literal["alias"] = "alias"
    alias: Alias


class LatestSelector(Contract):
    """The version published last."""

    by: Literal["latest"] = "latest"


class BestSelector(Contract):
    """The version with the least or greatest metric; the newest of equals."""

    by: Literal["best"] = "best"
    metric: MetadataKey
    mode: Literal["min", "max"]


class TagSelector(Contract):
    """The newest version with the tag."""

    by: Literal["tag"] = "tag"
    tag: Tag


class WhereSelector(Contract):
    """The newest version whose metadata satisfies every condition."""

    by: Literal["where"] = "where"
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=8)]


class TriggerSelector(Contract):
    """The version that triggered the run, or with `all` the list of those that did."""

    by: Literal["trigger"] = "trigger"
    take: Literal["newest", "all"] = "newest"


Selector = Annotated[
    VersionSelector
    | AliasSelector
    | LatestSelector
    | BestSelector
    | TagSelector
    | WhereSelector
    | TriggerSelector,
    Field(discriminator="by"),
]


class Reference(Contract):
    """An artifact, a selector, and perhaps a projection onto the metadata."""

    artifact: ArtifactName
    selector: Selector = LatestSelector()
    pointer: Pointer | None = None
    """Into the version's metadata; without it the value is the artifact itself."""
    wait: Annotated[float, Field(ge=0)] | None = None
    """Seconds to wait for it; None is the run's default."""

    @property
    def floating(self) -> bool:
        """Whether later publications can change what this resolves to in a run."""
        return self.selector.by not in {"version", "trigger"}

    @property
    def listed(self) -> bool:
        """Whether it resolves to a list of versions, which the run's trigger gives."""
        return isinstance(self.selector, TriggerSelector) and self.selector.take == "all"

    @property
    def pointer_tokens(self) -> tuple[str, ...]:
        """The unescaped tokens of the pointer; empty without one."""
        if self.pointer is None:
            return ()
        return tokens_of(self.pointer)

    @override
    def __str__(self) -> str:
        """The string form."""
        text = self.artifact + _format_selector(self.selector)
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


def _format_selector(selector: Selector) -> str:  # noqa: PLR0911 - one for each
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
        case TriggerSelector():
            return f"?trigger={selector.take}"
