"""What authors write to say which events start a pipeline."""

from collections.abc import Callable
from typing import Any

import pytest

from raincheck import (
    alias_moved,
    all_of,
    any_of,
    batch,
    each,
    exists,
    lt,
    metadata_logged,
    newest,
    pipeline,
    published,
    step,
    tagged,
    triggering,
)
from raincheck.authoring.triggers import parts_of
from raincheck_contracts.errors import ArgumentError, DefinitionError
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import AliasCondition, Grouping, VersionCondition


def test_each_trigger_is_a_condition() -> None:
    """As data, equal for equal calls."""
    less = Condition(key="MSE", op=Operator.LT, value=0.2)
    there = Condition(key="MSE", op=Operator.EXISTS)
    assert published("m", where={"MSE": lt(0.2)}, tag="t", by="train", changed=True) == (
        VersionCondition(artifact="m", where=(less,), tag="t", by="train", changed=True)
    )
    assert tagged("m", "t") == VersionCondition(artifact="m", tag="t")
    assert metadata_logged("m", "MSE") == published("m", where={"MSE": exists()})
    assert metadata_logged("m", "MSE") == VersionCondition(artifact="m", where=(there,))
    assert alias_moved("m", "prod", by="train") == (
        AliasCondition(artifact="m", alias="prod", by="train")
    )


def test_groups_are_data() -> None:
    """Times in any form that a wait may have."""
    assert each() == Grouping()
    assert newest() == Grouping(by="newest")
    assert batch("5m", max=9) == Grouping(by="batch", window=300, max=9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: published("No Name"), "published: 'No Name'"),
        (lambda: published("m", where={f"k{i}": 1 for i in range(9)}), "at most 8"),
        (lambda: alias_moved("m", "7"), "did you mean the version @7"),
        (any_of, "no condition"),
        (lambda: all_of(published("m")), "fewer than two parts"),
        (lambda: all_of(published("m"), any_of(tagged("m", "t"))), "two parts are about 'm'"),
        (lambda: batch("5m", max=257), "less than or equal to 256"),
        (lambda: triggering("m"), "no pipeline function around it"),
        (lambda: parts_of([]), "there are none"),
        (lambda: parts_of([published("a"), all_of(published("m"), published("d"))]), "beside"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(
    wrong: Callable[[], object], words: str
) -> None:
    """With the reason."""
    with pytest.raises(ArgumentError, match=words):
        wrong()


def test_a_list_of_triggers_is_any_of_them() -> None:
    """An `all_of` has its parts."""
    m, d = published("m"), published("d")
    assert parts_of([m, any_of(d)]) == ((m, d),)
    assert parts_of([all_of(m, any_of(d, alias_moved("d", "x")))]) == (
        (m,),
        (d, alias_moved("d", "x")),
    )


@step
def use(model: float) -> float:
    """Take a model."""
    return model


def test_options_of_a_pipeline_are_checked_when_it_is_defined() -> None:
    """A misspelled one, one without triggers, and triggers that do not go together."""

    def body() -> None:
        use(1.0)

    make: Any = pipeline
    with pytest.raises(DefinitionError, match="no option is named 'trigers'"):
        make(trigers=[published("m")])(body)
    with pytest.raises(DefinitionError, match="limit= stands without triggers="):
        make(limit=1)(body)
    with pytest.raises(DefinitionError, match="stands beside"):
        make(triggers=[published("a"), all_of(published("m"), published("d"))])(body)
