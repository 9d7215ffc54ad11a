"""Each defence of cached outputs switched off: a test of `reuse` notices."""

from functools import partial

import pytest

from tests.conformance import test_index_models as models
from tests.conformance import test_index_reuse as reuse
from tests.support.mutants import Mutant, check_mutant

_ENDS_BY_FAILURE = partial(
    reuse.test_however_a_computation_ends_those_who_wait_look_again, end=reuse.fails
)

MUTANTS = [
    Mutant(
        "a stale fence may take outputs",
        "  if not holds_fence(call, c.run, c.step, c.fence) then\n    return late",
        "  if false then\n    return late",
        reuse.test_a_fence_that_is_not_the_steps_gets_nothing,
    ),
    Mutant(
        "all compute at once",
        "  if holder and stands ~= mine then\n",
        "  if false then\n",
        reuse.test_who_waits_holds_nothing_and_has_used_no_attempt,
    ),
    Mutant(
        "who waits has used an attempt",
        'if redis.call("HINCRBY", c.key, "attempt", -1) == 0 then',
        "if false then",
        reuse.test_who_waits_holds_nothing_and_has_used_no_attempt,
    ),
    Mutant(
        "a wait whose reply was lost is stale",
        "  if v[3] == c.fence then\n",
        "  if false then\n",
        reuse.test_asking_again_after_a_wait_gives_the_wait,
    ),
    Mutant(
        "a hit whose reply was lost is stale",
        'if v[2] and v[1] == c.fence and Runs.state(call, c.run, c.step) == "S" then',
        "if false then",
        reuse.test_a_hit_that_is_asked_for_again_gives_the_same,
    ),
    Mutant(
        "the end of a computation is not marked",
        """"ZADD", call:key("dirty"), Text.int(call:current_revision()), "f|" .. watch)""",
        """"ECHO", "")""",
        _ENDS_BY_FAILURE,
    ),
    Mutant(
        "an ended computation stays in its place",
        '  redis.call("DEL", key)\n  if redis.call("EXISTS", call:key("wait:", watch)) == 1',
        '  if redis.call("EXISTS", call:key("wait:", watch)) == 1',
        reuse.test_nothing_is_left_of_a_computation_but_its_outputs,
    ),
    Mutant(
        "one that has lost its step is waited for",
        "  if holds_fence(call, run, step, parts[2]) then\n    return parts[1], stands\n  end\n",
        "  if true then\n    return parts[1], stands\n  end\n",
        reuse.test_one_who_has_lost_its_step_is_not_waited_for,
    ),
    Mutant(
        "who waits is woken by marks only",
        '  Runs.timer(call, "w|" .. run .. "/" .. step, call:now() + LOOK_AGAIN)\n',
        "",
        reuse.test_who_waits_looks_by_itself_too,
    ),
    Mutant(
        "who looks again goes on whoever computes",
        "  local holder = computing(call, computation)\n  if holder then\n    park",
        "  local holder = computing(call, computation)\n  if false then\n    park",
        reuse.test_who_waits_looks_by_itself_too,
    ),
    Mutant(
        "outputs of one who was replaced are kept",
        '  if stands and stands ~= run .. "/" .. step .. FIELD .. fence then\n',
        "  if false then\n",
        reuse.test_only_who_stands_for_a_computation_keeps_its_outputs,
    ),
    Mutant(
        "outputs from the cache are linked to no model",
        "Models.join(call, c.run, c.sent, outputs)",
        "",
        models.outputs_from_the_cache_are_linked,
    ),
    Mutant(
        "outputs with metadata for the model are kept",
        "and not (sent and sent.entries[1]) then",
        "then",
        models.what_logs_metadata_of_the_model_is_computed_again,
    ),
    Mutant(
        "outputs with metadata for others are kept",
        "  if computed and #foreign == 0 and not",
        "  if computed and not",
        reuse.test_what_logs_metadata_for_others_is_not_kept,
    ),
    Mutant(
        "a version that is another is taken",
        """"seq") ~= parts[3] then\n        return nil""",
        """"seq") == "" then\n        return nil""",
        reuse.test_outputs_whose_version_is_gone_or_another_are_computed_anew,
    ),
    Mutant(
        "a hit does not lengthen a life",
        '  redis.call("EXPIRE", call:key("cached:", c.computation), c.seconds)\n',
        "",
        reuse.test_outputs_are_kept_until_they_were_not_used_for_a_time,
    ),
    Mutant(
        "what was taken counts as made",
        '    redis.call("HSET", key, "cached", origin)\n',
        "",
        reuse.test_lineage_names_the_original_producer_of_what_was_taken,
    ),
    Mutant(
        "a retried step still seems to wait",
        '"first_park", "awaits", "declined"',
        '"first_park", "declined"',
        reuse.test_a_retried_step_waits_for_what_it_misses_only,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_defence_is_needed(mutant: Mutant) -> None:
    """The scenario passes on the library and fails on the mutant."""
    check_mutant(mutant)
