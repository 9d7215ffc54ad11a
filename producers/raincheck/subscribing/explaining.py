"""Whether a version satisfies a subscription's conditions, part by part.

The index decides in `19_conditions.lua`; this says the same in words, and changes nothing.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from raincheck.subscribing.words import subject_words, term_words
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import (
    AliasCondition,
    EventCondition,
    SubscriptionDefinition,
)

_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version of which is asked whether it satisfies conditions."""

    version: ArtifactVersion
    before: ArtifactVersion | None = None
    """The version of the artifact before it."""
    aliases: tuple[str, ...] = ()
    """Those that name it; of a move, the one that was moved to it."""
    event: Literal["version", "alias"] | None = None
    """The kind of the event that is asked about; None is any."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition tree."""

    words: str
    holds: bool | None = None
    """None: it is not asked of this version, or more than one version decides it."""
    value: str | None = None
    """What the version has there."""
    parts: tuple["Part", ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON."""
        known = {"condition": self.words, "holds": self.holds, "value": self.value}
        parts = [part.document() for part in self.parts]
        return {**known, "parts": parts} if parts else known

    def failing(self) -> Iterator["Part"]:
        """The smallest parts that do not hold, in their order."""
        for part in self.parts:
            yield from part.failing()
        if self.holds is False and not self.parts:
            yield self


def satisfies(metadata: Mapping[str, JsonValue], term: Condition) -> bool:
    """Whether metadata satisfies a predicate, as `References.holds` of the index."""
    if term.key not in metadata:
        return False
    found, wanted = metadata[term.key], term.value
    if term.op is Operator.EXISTS:
        return True
    a, b = _number(found), _number(wanted)
    if term.op is Operator.EQ:
        return canonical_json(found) == canonical_json(wanted) or (a is not None and a == b)
    return a is not None and b is not None and _COMPARE[term.op](a, b)


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)  # the index reads all numbers as such
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def matching(definition: SubscriptionDefinition, candidate: Candidate) -> EventCondition | None:
    """The first condition that an event of the version satisfies, or None."""
    for part in definition.all_of:
        for condition in part:
            if explain_condition(condition, candidate).holds:
                return condition
    return None


def explain(definition: SubscriptionDefinition, candidate: Candidate | None = None) -> Part:
    """The condition tree of a subscription.

    Args:
        definition: of the subscription.
        candidate: the version that each part is asked of; None is none.
    """
    parts = tuple(explain_part(part, candidate) for part in definition.all_of)
    return parts[0] if len(parts) == 1 else Part("all of", parts=parts)


def explain_part(part: tuple[EventCondition, ...], candidate: Candidate | None) -> Part:
    """One part of an `all_of`: a condition, or several of which one is enough."""
    conditions = tuple(explain_condition(condition, candidate) for condition in part)
    if len(conditions) == 1:
        return conditions[0]
    asked = [item.holds for item in conditions if item.holds is not None]
    return Part("any of", any(asked) if asked else None, parts=conditions)


def explain_condition(condition: EventCondition, candidate: Candidate | None) -> Part:
    """One condition with what it asks; `holds` is None when it is about something else."""
    words = subject_words(condition)
    if candidate is None or candidate.version.artifact != condition.artifact:
        asked = tuple(Part(item) for item, _, _ in _asked(condition, None))
        return Part(words, parts=asked)
    of_alias = isinstance(condition, AliasCondition)
    if candidate.event is not None and of_alias != (candidate.event == "alias"):
        value = (
            "the event is no move of an alias" if of_alias else "the event is a move of an alias"
        )
        return Part(words, holds=False, value=value)
    if isinstance(condition, AliasCondition) and condition.alias not in candidate.aliases:
        return Part(words, holds=False, value=_aliases(candidate))
    parts = tuple(Part(item, holds, value) for item, holds, value in _asked(condition, candidate))
    return Part(words, all(part.holds for part in parts), parts=parts)


def _aliases(candidate: Candidate) -> str:
    name = f"{candidate.version.artifact}@{candidate.version.version}"
    if candidate.event is not None:
        return f"the alias is {' '.join(candidate.aliases)}"
    named = ", ".join(candidate.aliases)
    return f"{name} has the alias {named}" if named else f"no alias names {name}"


def _asked(
    condition: EventCondition, candidate: Candidate | None
) -> Iterator[tuple[str, bool | None, str | None]]:
    """What a condition asks of a version: words, whether it is so, what there is."""
    version = None if candidate is None else candidate.version
    for term in condition.where:
        if version is None:
            yield term_words(term), None, None
            continue
        missing = term.key not in version.metadata
        found = f"no {term.key} yet" if missing else canonical_json(version.metadata[term.key])
        yield term_words(term), satisfies(version.metadata, term), found
    if condition.tag is not None:
        holds = None if version is None else condition.tag in version.tags
        value = None if version is None else " ".join(version.tags) or "no tag"
        yield f"tagged {condition.tag}", holds, value
    if condition.by is not None:
        publisher = None if version is None else version.pipeline or "by hand"
        holds = None if version is None else version.pipeline == condition.by
        yield f"by {condition.by}", holds, publisher
    if condition.changed:
        yield ("changed", *_changed(candidate))


def _changed(candidate: Candidate | None) -> tuple[bool | None, str | None]:
    if candidate is None:
        return None, None
    if candidate.before is None:
        return True, "the first version"
    before = f"{candidate.before.artifact}@{candidate.before.version}"
    if candidate.before.record.digest == candidate.version.record.digest:
        return False, f"the same bytes as {before}"
    return True, f"other bytes than {before}"
