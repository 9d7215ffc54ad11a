"""What starts a pipeline, in a few words."""

from raincheck_contracts._base import canonical_json
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import (
    AliasCondition,
    EventCondition,
    SubscriptionDefinition,
)

_SIGNS = {
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.GT: ">",
    Operator.GE: ">=",
    Operator.EQ: "=",
}


def term_words(term: Condition) -> str:
    """A predicate: `MSE<0.2`, `stage="test"`, `MSE exists`."""
    if term.op is Operator.EXISTS:
        return f"{term.key} exists"
    return f"{term.key}{_SIGNS[term.op]}{canonical_json(term.value)}"


def subject_words(condition: EventCondition) -> str:
    """What a condition is about, without what must hold of it: `published model`."""
    if isinstance(condition, AliasCondition):
        return f"moved {condition.artifact}:{condition.alias}"
    return f"published {condition.artifact}"


def condition_words(condition: EventCondition) -> str:
    """A condition in one line: `published model where MSE<0.2, tagged good`."""
    line = subject_words(condition)
    if condition.where:
        line += f" where {' and '.join(map(term_words, condition.where))}"
    if condition.tag is not None:
        line += f", tagged {condition.tag}"
    if condition.by is not None:
        line += f", by {condition.by}"
    return f"{line}, changed" if condition.changed else line


def part_words(part: tuple[EventCondition, ...]) -> str:
    """One part of an `all_of`: its conditions, of which one is enough."""
    return " or ".join(map(condition_words, part))


def trigger_words(definition: SubscriptionDefinition) -> str:
    """All conditions of a subscription in one line."""
    if len(definition.all_of) == 1:
        return part_words(definition.all_of[0])
    parts = (
        f"({part_words(part)})" if len(part) > 1 else part_words(part) for part in definition.all_of
    )
    return " and ".join(parts)


def event_words(kind: str, artifact: str, version: str) -> str:
    """What an event says: `model@3 published`."""
    said = {
        "published": "published",
        "metadata": "got metadata",
        "tag": "was tagged",
        "alias": "got an alias",
    }
    return f"{artifact}@{version} {said.get(kind, kind)}"
