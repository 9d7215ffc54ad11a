"""Each defence of promotion switched off: a test of its notices."""

import pytest

from raincheck.index import Index
from tests.conformance import test_index_promotion as promotion
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant
from tests.support.promoting import named, promote, roll_back


def _worse(driver: Driver) -> None:
    promotion.test_not_better_is_an_outcome(driver, "min", 0.6)


def _equal(driver: Driver) -> None:
    promotion.test_not_better_is_an_outcome(driver, "min", 0.5)


def _less_of_more(driver: Driver) -> None:
    promotion.test_not_better_is_an_outcome(driver, "max", -1)


def _unmeasured(driver: Driver) -> None:
    promotion.test_what_cannot_be_compared_is_named(driver, None)


def _guarded_set(driver: Driver) -> None:
    promotion.test_a_protected_alias_is_moved_by_its_pipelines_alone(driver, promotion.set_to_2)


def _guarded_promote(driver: Driver) -> None:
    promotion.test_a_protected_alias_is_moved_by_its_pipelines_alone(driver, promotion.promote_2)


def _guarded_rollback(driver: Driver) -> None:
    promotion.test_a_protected_alias_is_moved_by_its_pipelines_alone(driver, promotion.go_back)


def _rolled_back_again(driver: Driver) -> None:
    for version in ("1", "2", "3"):
        driver.publish("model")
        promote(driver.index, version)
    request = nonce()
    for _ in range(2):
        roll_back(driver.index, request=request)
    assert named(driver.index) == "2"


_REFUSED = "\n  if refused then\n    return refused\n  end\n"
_CHECKED = f"local refused = Versions.check_move(call, move){_REFUSED}"
_ANSWERED = "if before then\n    return before\n  end\n"
MUTANTS = [
    Mutant(
        "the comparison is left out",
        'if move.metric ~= "" and move.from and not better(move) then',
        "if false then",
        _worse,
    ),
    Mutant("equal is better", "return new < old", "return new <= old", _equal),
    Mutant(
        "less is always better",
        'if move.mode == "min" then\n    return new < old',
        "if true then\n    return new < old",
        _less_of_more,
    ),
    Mutant(
        "numbers are compared as text",
        "local old, new = Text.json_number(move.old), Text.json_number(move.new)",
        "local old, new = move.old, move.new",
        promotion.test_numbers_are_compared_as_numbers,
    ),
    Mutant(
        "a candidate needs no measurement",
        "if not Text.json_number(move.new) then",
        "if false then",
        _unmeasured,
    ),
    Mutant(
        "an incumbent that is not measured counts as none",
        "if not Text.json_number(move.old) then",
        "if not Text.json_number(move.old) then\n      move.from = nil\n    elseif false then",
        _unmeasured,
    ),
    Mutant(
        "set_alias asks no guard",
        "local refused = Versions.check_move(call, move)",
        "local refused = nil",
        _guarded_set,
    ),
    Mutant(
        "promote asks no guard",
        f"{_CHECKED}  if expected",
        "if expected",
        _guarded_promote,
    ),
    Mutant(
        "rollback asks no guard",
        f"{_CHECKED}  if args[4]",
        "local refused\n  if args[4]",
        _guarded_rollback,
    ),
    Mutant(
        "any run may move a protected alias",
        "if pipeline == mover then",
        'if mover ~= "" then',
        _guarded_promote,
    ),
    Mutant(
        "moves are not written down",
        "record(call, move)\n  Waits",
        "Waits",
        promotion.test_without_a_metric_nothing_is_compared,
    ),
    Mutant(
        "the history grows for ever",
        '"MAXLEN", KEEP_MOVES, ',
        "",
        promotion.test_the_history_keeps_the_newest_thousand_moves,
    ),
    Mutant(
        "a repeated promotion is decided anew",
        f"{_ANSWERED}  local artifact",
        "local artifact",
        promotion.test_a_repeated_promotion_does_not_undo_a_later_move,
    ),
    Mutant(
        "a repeated rollback goes one step further",
        f"{_ANSWERED}  local move",
        "local move",
        _rolled_back_again,
    ),
    Mutant(
        "two rollbacks swing between two versions",
        'return move.how == "rollback" and move.under or move.id',
        "return move.id",
        promotion.test_rollbacks_go_back_step_by_step,
    ),
    Mutant(
        "a rollback forgets what it has undone",
        "move.to, move.under = undone.from, undone.under",
        "move.to = undone.from",
        promotion.test_rollbacks_go_back_step_by_step,
    ),
    Mutant(
        "a rollback looks at no expectation",
        'if args[4] ~= "" and',
        "if false and",
        promotion.test_two_who_roll_back_what_they_see_go_one_step_back,
    ),
    Mutant(
        "a rollback leads to a version that is gone",
        'call:key("ver:", move.artifact, ":", undone.from)) == 0',
        'call:key("ver:", move.artifact, ":", undone.from)) == 2',
        promotion.test_a_rollback_that_leads_nowhere_says_why,
    ),
    Mutant(
        "a promotion wakes nobody",
        'Waits.fire(call, "a:" .. move.artifact .. ":" .. move.alias)',
        "",
        promotion.test_a_promotion_wakes_who_waits_for_the_alias,
    ),
    Mutant(
        "texts of any length are kept",
        "if #move.by > BY_LIMIT or #move.why > WHY_LIMIT then",
        "if false then",
        promotion.test_what_is_refused_changes_nothing,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_needed(mutant: Mutant) -> None:
    """Its test passes on the library and fails without it."""
    check_mutant(mutant)


def test_whoever_reads_first_and_then_sets_is_caught(valkey_index: Index) -> None:
    """The comparison outside of the script, as a control group of the test of many at once."""
    with pytest.raises(AssertionError):
        promotion.compete(valkey_index, promotion.read_then_set)
