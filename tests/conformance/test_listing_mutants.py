"""Each defence of lists switched off: a test of theirs notices."""

import pytest

from tests.conformance import test_index_listing as lists
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant


def _equals(driver: Driver) -> None:
    lists.test_equals_at_the_border_of_a_page_come_once(driver, size=2)


def _moved(driver: Driver) -> None:
    lists.test_what_is_published_between_pages_moves_nothing(driver, "newest", None, *_NEWEST)


_NEWEST = "6 5", "4 3 2 1"


def _few_in_range(driver: Driver) -> None:
    options = {"where": lists.below("MSE", 0)}
    lists.test_what_is_sorted_already_is_used(driver, options, 20)


def _few_with_tag(driver: Driver) -> None:
    lists.test_what_is_sorted_already_is_used(driver, {"tag": "rare"}, 5)


def _few_sorted(driver: Driver) -> None:
    options = {"sort_by": "MSE", "order": "max", "where": lists.below("MSE", 0)}
    lists.test_what_is_sorted_already_is_used(driver, options, 5)


MUTANTS = [
    Mutant(
        "a page begins after all equals of the place",
        "  while low < high do\n    local middle = math.floor((low + high) / 2)\n    if redis",
        "  while false do\n    local middle = math.floor((low + high) / 2)\n    if redis",
        _equals,
    ),
    Mutant(
        "a page begins before all equals of the place",
        '  local low, high = Sources.count(source.set, "(" .. place.score),',
        "  local low, high = Sources.count(source.set, place.score),",
        _equals,
    ),
    Mutant(
        "the rest of the equals is left out",
        "    if equals < rank then",
        "    if false then",
        _equals,
    ),
    Mutant(
        "the equals of a run are read from their beginning",
        "for i = newest, at, -1 do",
        "for i = at, newest do",
        lists.test_complete_runs_of_equals_are_turned,
    ),
    Mutant(
        "the last equals are those that were read",
        "local equals, upto = first + at - 1, Sources.count(source.set, least)",
        "local equals, upto = first + at - 1, first + #found",
        lists.test_many_equals_are_read_from_their_end,
    ),
    Mutant(
        "the place is passed over",
        "math.min(source.last, Sources.rank(source, place)) or source.last",
        "source.last - 2 or source.last",
        _moved,
    ),
    Mutant(
        "the budget is ignored",
        "while found[1] and #page < list.wanted and looked < list.budget do",
        "while found[1] and #page < list.wanted do",
        lists.test_one_look_keeps_to_its_budget,
    ),
    Mutant(
        "more rows are read than the budget allows",
        "local found = rows(math.min(ROWS, list.budget))",
        "local found = rows(ROWS)",
        lists.test_one_look_keeps_to_its_budget,
    ),
    Mutant(
        "filters are skipped",
        "if not holds(values[i]) then",
        "if false then",
        lists.test_filters_must_hold_together,
    ),
    Mutant(
        "times are skipped where the list is sorted",
        "if row.sequence < list.low or row.sequence > list.high then",
        "if false then",
        lists.test_times_hold_in_the_order_of_a_key,
    ),
    Mutant(
        "times are skipped where it is not",
        'set = set, first = Sources.count(set, "(" .. Text.int(list.low)),',
        "set = set, first = 0,",
        lists.test_times_are_a_range_of_sequences,
    ),
    Mutant(
        "all versions are walked for few in a range",
        "if least and size <= GATHERED and size * size <=",
        "if least and size < 0 and size * size <=",
        _few_in_range,
    ),
    Mutant(
        "all versions are walked for few with a tag",
        'list.tag == "" and all or tagged)\n  else',
        "all)\n  else",
        _few_with_tag,
    ),
    Mutant(
        "conditions do not narrow a ranking",
        "source.last = math.min(source.last, upto)",
        "",
        _few_sorted,
    ),
    Mutant(
        "what was gathered begins anew with each page",
        "if listed and (not list.place or Listing.before(list, list.place, row)) then",
        "if listed then",
        lists.test_few_are_put_in_order_and_paged,
    ),
    Mutant(
        "what was gathered is in the order of its source",
        "table.sort(rows, function(a, b) return Listing.before(list, a, b) end)",
        "",
        lists.test_few_are_put_in_order_and_paged,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_needed(mutant: Mutant) -> None:
    """Its test passes on the library and fails without it."""
    check_mutant(mutant)
