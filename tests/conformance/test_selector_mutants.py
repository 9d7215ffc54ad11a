"""Each rule of selectors switched off: a test of theirs notices."""

import time

import pytest

from raincheck_contracts.references import format_moment
from tests.conformance import test_index_selectors as selectors
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant
from tests.support.version_history import Past

history = selectors.test_a_rich_history_is_read_as_it_was


def _clock(driver: Driver) -> None:
    selectors.test_the_time_of_a_revision_never_goes_back(driver, 0)


def _long_alias(driver: Driver) -> None:
    """Asked by time, all moves since are looked through; 60 are more than a page."""
    past = Past(driver)
    for _ in range(2):
        past.publish(named=False, metadata={}, tags=())
    past.move(place=0, alias="production")
    time.sleep(0.01)  # the index tells times by the millisecond: the other moves are of later ones
    for place in range(1, 61):
        past.move(place=place, alias="production")
    then = past.times()[past.aliases[0][2]]
    assert selectors.asked(driver.index, f"m:production?asof={format_moment(then)}") == ["1"]


MUTANTS = [
    Mutant(
        "metadata that came later counts as having been there",
        "local value = Moments.there(v[2 * i], moment) and v[2 * i - 1]",
        "local value = v[2 * i - 1]",
        history,
    ),
    Mutant(
        "a metric that came later was the best before",
        'return { "l:m:" .. ref.argument }, came_by_then',
        'return { "l:m:" .. ref.argument }, function() return true end',
        history,
    ),
    Mutant(
        "a tag that came later was there before",
        'return { "l:t:" .. ref.argument }, came_by_then',
        'return { "l:t:" .. ref.argument }, function() return true end',
        history,
    ),
    Mutant(
        "a projection gives what was logged later",
        "if raw and Moments.there(later, ref.moment) then",
        "if raw then",
        history,
    ),
    Mutant(
        "versions of later are candidates of earlier",
        "return was_there and (not has or has(v, moment))",
        "return not has or has(v, moment)",
        history,
    ),
    Mutant(
        "halving stops one too early",
        "low = middle + 1",
        "low, high = middle, middle",
        history,
    ),
    Mutant(
        "of equals the oldest is the best",
        'redis.call("ZREVRANGEBYSCORE", key, score, score, "LIMIT", skipped, CHUNK)',
        'redis.call("ZRANGEBYSCORE", key, score, score, "LIMIT", skipped, CHUNK)',
        history,
    ),
    Mutant(
        "an alias names what it names now",
        "if Moments.includes(ref.moment, move.rev, move.at) then",
        "if true then",
        selectors.test_a_rich_history_is_read_as_it_was,
    ),
    Mutant(
        "of an alias's moves one page is read",
        "if #moves < MOVES_READ then",
        "if true then",
        _long_alias,
    ),
    Mutant(
        "an alias that has moved too often was not there",
        'return nil, "moment-forgotten"',
        "return nil",
        selectors.test_an_alias_that_has_moved_too_often_says_so,
    ),
    Mutant(
        "a time is compared as a revision",
        'return tonumber(moment.of == "r" and revision or time) <= moment.at',
        "return tonumber(revision) <= moment.at",
        history,
    ),
    Mutant(
        "a moment to come is answered",
        "return moment.at > call:current_revision()",
        "return false",
        history,
    ),
    Mutant(
        "whoever published, it counts as the pipeline's",
        'return { "by" }, function(v) return v[1] == ref.argument end',
        'return { "by" }, function() return true end',
        history,
    ),
    Mutant(
        "whoever published, it counts as the run's",
        'return { "run" }, function(v) return v[1] == ref.argument end',
        'return { "run" }, function() return true end',
        history,
    ),
    Mutant(
        "what is too much is cut off in silence",
        '  if found and #found > LIST_LIMIT then\n    return nil, "too-many"\n  end\n',
        "",
        selectors.test_a_list_of_too_many_is_refused,
    ),
    Mutant(
        "a list that cannot be found is taken for one version",
        "  if ref.missed then\n    return nil, ref.missed\n  end\n",
        "",
        selectors.test_a_list_of_too_many_is_refused,
    ),
    Mutant(
        "any number of versions may be bound",
        "elseif i > VERSION_LIMIT then",
        "elseif false then",
        selectors.test_a_step_binds_at_most_a_thousand_versions,
    ),
    Mutant(
        "what was not looked at is not there",
        '      return nil, "too-selective"\n',
        "      return found\n",
        selectors.test_candidates_are_looked_at_up_to_a_limit,
    ),
    Mutant(
        "time goes back with the clock",
        "self.stamped = math.max(self:now(), last)",
        "self.stamped = self:now()",
        _clock,
    ),
    Mutant(
        "what a run did not publish is waited for",
        'local over = not state or state == "S" or state == "C"',
        "local over = false",
        selectors.test_the_newest_in_a_run,
    ),
    Mutant(
        "metadata of a list is waited for at one of its versions",
        'local fixed = (ref.kind == "v" or ref.kind == "o") and not ref.listed',
        'local fixed = ref.kind == "v" or ref.kind == "o"',
        selectors.test_a_list_waits_for_another_version_that_has_the_metadata,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_rule_is_needed(mutant: Mutant) -> None:
    """Its test passes on the library and fails without it."""
    check_mutant(mutant)


# A function that asks, changes and asks again; none of the library's own does yet.
_TAG = 'redis.register_function("rc1_tag", Versions.tag)\n'
_TWICE = """
redis.register_function("rc1_twice", function(keys, args)
  local call, ref = Call.open(keys, args), { kind = "a", artifact = "m", argument = "prod" }
  local move = { how = "set", artifact = "m", alias = "prod", to = "2", by = "", why = "" }
  move.from = Choose.version(call, ref, "")
  Versions.move_alias(call, move)
  return { move.from, (Choose.version(call, ref, "")) }
end)
"""


def _asks_twice(driver: Driver) -> None:
    for _ in range(2):
        driver.publish("m")
    driver.index.versions.set_alias(nonce(), "m", "prod", "1")
    assert driver.index.connection.call("twice") == [b"1", b"2"]


def test_what_was_chosen_is_forgotten_with_a_change() -> None:
    """Within one call a selector is looked up once, but anew after each change of a version."""
    kept = Mutant("kept", "  call.chosen = {} -- see 02_choosing.lua\n", "", _asks_twice)
    check_mutant(kept, library=[(_TAG, _TAG + _TWICE)])
