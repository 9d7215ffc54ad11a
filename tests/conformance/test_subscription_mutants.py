"""Each defence of subscriptions switched off: a test of theirs notices."""

import pytest

from tests.conformance import test_index_backfills as backfills
from tests.conformance import test_index_subscriptions as subscriptions
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant


def _gap(driver: Driver) -> None:
    backfills.test_a_gap_in_the_log_is_named_and_filled(driver)


def _quiet(driver: Driver) -> None:
    backfills.test_its_runs_start_nothing_unless_asked(driver, cascade=False, runs=0)


MUTANTS = [
    Mutant(
        "a version matches at each of its events",
        "if Matches.known(call, lane, event) then",
        "if false then",
        subscriptions.test_a_version_matches_at_the_first_event_at_which_all_holds,
    ),
    Mutant(
        "a run that is there is written anew",
        'if redis.call("EXISTS", Runs.key(call, group.run)) == 1 then',
        "if false then",
        subscriptions.test_a_subscription_made_anew_does_not_repeat_runs_that_are_kept,
    ),
    Mutant(
        "a later mark takes the place of the first",
        'redis.call("ZADD", dirty, "NX", unpack(rows))',
        'redis.call("ZADD", dirty, unpack(rows))',
        subscriptions.test_each_version_starts_a_run_of_its_own,
    ),
    Mutant(
        "during a pause each mark moves the cursor",
        "if not sub.behind then",
        "if true then",
        subscriptions.test_what_happens_during_a_pause_is_made_up_for,
    ),
    Mutant(
        "nobody looks on after a pause",
        "if sub.behind then\n    local from",
        "if false then\n    local from",
        subscriptions.test_what_happens_during_a_pause_is_made_up_for,
    ),
    Mutant(
        "what a slice leaves is left for ever",
        "      more = true\n",
        "",
        subscriptions.test_small_slices_leave_nothing_out,
    ),
    Mutant(
        "a gap in the log is passed over in silence",
        "if not forgotten or not Text.before(sub.cursor, forgotten) then",
        "if true then",
        _gap,
    ),
    Mutant(
        "a run starts itself",
        'elseif event.w == sub.pipeline and sub.feedback ~= "1" then',
        "elseif false then",
        subscriptions.test_a_pipeline_ignores_what_its_own_runs_publish,
    ),
    Mutant(
        "loops never end",
        "elseif tonumber(event.d or 0) + 1 > tonumber(sub.deepest) then",
        "elseif false then",
        subscriptions.test_a_pipeline_ignores_what_its_own_runs_publish,
    ),
    Mutant(
        "a backfill cascades",
        'elseif event.q == "1" then',
        "elseif false then",
        _quiet,
    ),
    Mutant(
        "the end of a run tells nobody",
        'call:key("fill:", lane)) > 0 then',
        'call:key("fill:", lane)) < 0 then',
        subscriptions.test_newest_takes_what_has_gathered,
    ),
    Mutant(
        "there is always room",
        "if lane.limit == 0 or count < lane.limit then",
        "if true then",
        subscriptions.test_a_full_limit_waits_skips_or_replaces,
    ),
    Mutant(
        "nothing is required",
        'if not References.resolve(call, ref, "") then',
        "if false then",
        subscriptions.test_what_is_required_is_waited_for_and_triggers_nothing,
    ),
    Mutant(
        "a window never ends",
        'Runs.timer(call, "s|" .. lane.id, Text.int(due))',
        "",
        subscriptions.test_the_window_of_a_batch_ends_by_itself,
    ),
    Mutant(
        "a changed definition begins anew",
        "(call, name, old.artifacts)\n  else\n    create(call, name)\n  end",
        "(call, name, old.artifacts)\n  end\n  create(call, name)",
        subscriptions.test_a_changed_subscription_goes_on_where_it_was,
    ),
    Mutant(
        "what waits stays where it was",
        "Matches.sort_anew(call, lane, conditions, slots)\n    end",
        "end",
        subscriptions.test_what_waits_goes_with_the_parts,
    ),
    Mutant(
        "one of a version's publications is enough to make it another",
        "return Records.digest_of(unpack(earlier)) ~= digest",
        "return true",
        subscriptions.test_a_condition_may_ask_for_other_bytes,
    ),
    Mutant(
        "an event is judged by what its version has now",
        "Moments.there(later, event.by_then) and value",
        "value",
        subscriptions.test_a_late_look_judges_as_one_at_once,
    ),
    Mutant(
        "a run of a deleted subscription takes room of the next one",
        "if created and submitted >= tonumber(created) then",
        "if created then",
        subscriptions.test_a_retried_run_takes_room_of_its_own_subscription_only,
    ),
    Mutant(
        "overlapping backfills know nothing of one another",
        "if Matches.known(call, lane, event) then",
        "if not lane.fill and Matches.known(call, lane, event) then",
        backfills.test_overlapping_backfills_start_a_run_once,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_needed(mutant: Mutant) -> None:
    """Its test passes on the library and fails without it."""
    check_mutant(mutant)


def test_what_is_awaited_is_not_too_old() -> None:
    """With a log that keeps nothing but what somebody waits for."""
    old = "local KEEP_EVENTS = 7 * DAY", "local KEEP_EVENTS = -DAY"
    check_mutant(
        Mutant(
            "age alone decides",
            "(time_of(entry) >= before or revision >= awaited)",
            "time_of(entry) >= before",
            subscriptions.test_what_nobody_has_looked_at_is_not_too_old,
        ),
        library=(old,),
    )
