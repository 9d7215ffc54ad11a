"""What is said of a condition is what the index decides."""

from dataclasses import replace
from typing import Any

import pytest

from raincheck.index import Index
from raincheck.subscribing.explaining import Candidate, matching
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import EventCondition, SubscriptionDefinition
from tests.support.builders import new_version, nonce, pipeline, record, step
from tests.support.driver import Driver
from tests.support.subscribing import advance, alias_of, deployable, subscribe, version_of

VALUES: list[Any] = [
    *(0, 1, 1.0, -0.0, 0.1, -3, 1e22, 10**22, 2**53, 2**53 + 1, 10**400),
    *(True, False, None, "", "1", "ü", [1], [1.0], {"b": 1, "a": 2}, {"a": 2, "b": 1}),
]


def _definition(condition: EventCondition) -> SubscriptionDefinition:
    return deployable("sub", condition).definition


def _candidate(index: Index, version: str) -> Candidate:
    found = index.records.version("model", version)
    assert found is not None
    return Candidate(version=found, before=index.records.version_before(found), event="version")


def _matched(index: Index, conditions: dict[str, EventCondition], place: str) -> set[str]:
    return {
        name for name in conditions if index.subscriptions.match(name, "model", place) is not None
    }


@pytest.mark.parametrize("op", Operator)
def test_a_predicate_holds_of_the_same_values(driver: Driver, op: Operator) -> None:
    """Every value against every other, whatever its type; and of none at all."""
    conditions: dict[str, EventCondition] = {
        f"sub{i}": version_of(where=(Condition(key="m", op=op, value=wanted),))
        for i, wanted in enumerate(VALUES)
    }
    for name, condition in conditions.items():
        subscribe(driver.index, name, condition)
    versions = [driver.publish("model", m=found).version for found in VALUES]
    versions.append(driver.publish("model").version)
    advance(driver.index)
    for version in versions:
        candidate = _candidate(driver.index, version)
        said = {
            name
            for name, condition in conditions.items()
            if matching(_definition(condition), candidate) is not None
        }
        assert said == _matched(driver.index, conditions, version), candidate.version.metadata
    counts = driver.index.subscriptions.read("sub1").counts
    assert 0 < counts.matched < len(versions), "some hold and some do not"


CONDITIONS: dict[str, EventCondition] = {
    "any": version_of(),
    "tagged": version_of(tag="good"),
    "by": version_of(by="p"),
    "by-other": version_of(by="q"),
    "changed": version_of(changed=True),
    "all": version_of(where=(Condition(key="m", op=Operator.EXISTS),), tag="good", changed=True),
    "other": version_of("data"),
    "moved": alias_of(),
    "moved-good": alias_of(tag="good"),
    "moved-other": alias_of(alias="other"),
}


def test_each_kind_of_condition_holds_of_the_same_versions(driver: Driver) -> None:
    """Tag, publisher, changed bytes, another artifact; and an alias only when it moves."""
    for name, condition in CONDITIONS.items():
        subscribe(driver.index, name, condition)
    made = new_version("model", output="model")
    driver.index.versions.publish(nonce(), made)
    driver.index.versions.publish(nonce(), made)
    changed = replace(made, record=record("2.5"), tags=("good",), metadata={"m": None})
    driver.finish(driver.submit(pipeline(step("fit", outputs=["model"]))), "fit", changed)
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    driver.index.versions.set_alias(nonce(), "model", "prod", "3")
    advance(driver.index)
    moves = [event for event in driver.index.events.read() if "alias" in event.type]
    places: dict[str, tuple[str, str | None]] = {"1": ("1", None), "2": ("2", None)}
    places["3"] = ("3", None)
    for version, move in zip(("1", "3"), moves, strict=True):
        places[f"@{move.id}"] = (version, "prod")
    seen: set[str] = set()
    for place, (version, alias) in places.items():
        candidate = _candidate(driver.index, version)
        if alias is not None:
            candidate = replace(candidate, aliases=(alias,), event="alias")
        said = {
            name
            for name, condition in CONDITIONS.items()
            if matching(_definition(condition), candidate) is not None
        }
        assert said == _matched(driver.index, CONDITIONS, place), place
        seen |= said
    assert seen == set(CONDITIONS) - {"by-other", "other", "moved-other"}
