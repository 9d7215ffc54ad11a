"""Each defence of lineage switched off: a test of its notices."""

import pytest

from tests.conformance import test_index_lineage as lineage
from tests.support.mutants import Mutant, check_mutant

MUTANTS = [
    Mutant(
        "consumption is not recorded",
        "    list_user(call, name, step_run, revision)\n",
        "",
        lineage.test_a_step_that_makes_nothing_is_among_those_that_used_a_version,
    ),
    Mutant(
        "a replayed complete is recorded twice",
        "      return stored_outputs(call, run, step)\n",
        "      call:revision()\n      Finish.keep_lineage(call, run, step, nil, {})\n"
        "      return stored_outputs(call, run, step)\n",
        lineage.test_a_completion_that_is_repeated_is_noted_once,
    ),
    Mutant(
        "users are listed without end",
        'if redis.call("ZCARD", users) > MOST_USERS then',
        "if false then",
        lineage.test_the_newest_thousand_users_are_listed_and_older_ones_counted,
    ),
    Mutant(
        "what nobody lists any more stays",
        'redis.call("DEL", made)',
        "local _ = made",
        lineage.test_the_newest_thousand_users_are_listed_and_older_ones_counted,
    ),
    Mutant(
        "users that are no longer listed are not counted",
        'redis.call("HINCRBY", version, "unlisted", 1)',
        "local _ = version",
        lineage.test_the_newest_thousand_users_are_listed_and_older_ones_counted,
    ),
    Mutant(
        "what a step loads by itself leaves no trace",
        "ipairs(Text.split(loaded, ITEM)) do\n    add(name)",
        "ipairs({}) do\n    add(name)",
        lineage.test_what_a_step_loads_by_itself_is_noted,
    ),
    Mutant(
        "what was bound is not kept",
        '"bound", bound or ""',
        '"bound", ""',
        lineage.test_a_chain_is_found_from_both_ends_without_its_run,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_defence_is_needed(mutant: Mutant) -> None:
    """The scenario passes on the library and fails on the mutant."""
    check_mutant(mutant)
