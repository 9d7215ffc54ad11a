"""Each defence of deletion switched off: a test of its notices."""

import pytest

from raincheck.index.alias_scripts import Mover
from raincheck.index.packing import pack_reference
from raincheck_contracts.errors import VersionDeletedError
from raincheck_contracts.reference_text import parse_reference
from tests.conformance import test_deletion_of_triggers as triggers
from tests.conformance import test_index_deletion as deletion
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.mutants import Mutant, check_mutant
from tests.support.subscribing import EACH


def _waiting_for_metadata(driver: Driver) -> None:
    deletion.test_who_waits_and_asks_for_it_fails_at_once(driver, "m@1#/late")


def _waiting_for_another(driver: Driver) -> None:
    deletion.test_who_waits_and_asks_for_it_fails_at_once(driver, "x:latest")


def _alias_goes(driver: Driver) -> None:
    driver.publish("m")
    driver.index.versions.set_alias(nonce(), "m", "prod", "1")
    deletion.delete(driver, "1", force=True)
    assert driver.index.records.aliases("m") == {}


def _alias_of_then(driver: Driver) -> None:
    driver.publish("m")
    driver.publish("m")
    driver.index.versions.set_alias(nonce(), "m", "prod", "1")
    driver.index.versions.set_alias(nonce(), "m", "prod", "2")
    deletion.delete(driver, "1")
    packed = pack_reference(parse_reference("m:prod?asof=3"))
    answer = driver.index.connection.read("resolve", "", packed)[1]
    assert answer[0] == b"0"


def _request(driver: Driver) -> None:
    try:
        deletion.test_a_repeated_request_deletes_once(driver)
    except VersionDeletedError as error:
        pytest.fail(str(error))


def _output_in_grace(driver: Driver) -> None:
    deletion.test_later_steps_take_what_an_earlier_one_made(driver, within_grace=True)


def _run_scope_in_grace(driver: Driver) -> None:
    deletion.test_a_run_in_run_scope_keeps_what_it_was_bound_to(driver, within_grace=True)


def _run_scope_after_it(driver: Driver) -> None:
    deletion.test_a_run_in_run_scope_keeps_what_it_was_bound_to(driver, within_grace=False)


def _trigger_in_grace(driver: Driver) -> None:
    triggers.test_a_run_keeps_what_started_it(driver, within_grace=True)


def _room(driver: Driver) -> None:
    triggers.test_a_match_that_waits_for_room_is_dropped(driver, EACH, "1+model@4")


MUTANTS = [
    Mutant(
        "a name can be used again",
        "if Deleted.find(call, item.artifact, version) then",
        "if false then",
        deletion.test_a_name_is_never_used_again,
    ),
    Mutant(
        "the newest still lists it",
        'redis.call("ZREM", versions, d.version)',
        "",
        deletion.test_a_deleted_version_is_in_no_list,
    ),
    Mutant(
        "the best still lists it",
        'if kind == "m" then',
        "if false then",
        deletion.test_a_deleted_version_is_in_no_list,
    ),
    Mutant(
        "its tag still lists it",
        'elseif kind == "t" then',
        "elseif false then",
        deletion.test_a_deleted_version_is_in_no_list,
    ),
    Mutant(
        "the newest of a pipeline has no heir",
        "elseif heir.version then",
        "elseif false then",
        deletion.test_the_newest_of_a_run_and_of_a_pipeline_have_heirs,
    ),
    Mutant(
        "a run has no floor",
        'redis.call("HSETNX", made, "fr:" .. cause.run,',
        'redis.call("HSETNX", made, "fr:",',
        deletion.test_the_newest_of_a_run_and_of_a_pipeline_have_heirs,
    ),
    Mutant(
        "aliases do not keep it",
        "if #d.moves > 0 and not d.force then",
        "if false then",
        deletion.test_aliases_keep_a_version_or_go_with_it,
    ),
    Mutant(
        "aliases stay behind",
        "ipairs(d.moves) do\n    Versions.move_alias(call, move)",
        "ipairs({}) do\n    Versions.move_alias(call, move)",
        _alias_goes,
    ),
    Mutant(
        "a guard does not hold",
        "Versions.check_move(call, move)\n    if refused then",
        "Versions.check_move(call, move)\n    if false then",
        deletion.test_a_guarded_alias_is_removed_by_its_pipelines_alone,
    ),
    Mutant(
        "an alias of then names what was deleted",
        'local deleted = version and ref.kind == "a" and Deleted.find',
        "local deleted = false and Deleted.find",
        _alias_of_then,
    ),
    Mutant(
        "a request is done again",
        "local refused = Requests.answered(call, d.request) or refusal(call, d)",
        "local refused = refusal(call, d)",
        _request,
    ),
    Mutant(
        "texts have no limit",
        "if #d.by > BY_LIMIT or #d.why > WHY_LIMIT or",
        "if",
        lambda driver: deletion.test_what_is_kept_for_ever_is_short(driver, Mover(by="x" * 201)),
    ),
    Mutant(
        "who waits is not told",
        "  Waits.deleted(call, d.artifact, d.version)\n",
        "",
        _waiting_for_another,
    ),
    Mutant(
        "who waits for its metadata is not told",
        "  pin(call, run, step, key, watch)\n",
        "",
        _waiting_for_metadata,
    ),
    Mutant(
        "who is told stays where it waited",
        "  Waits.leave(call, run, step)\n  return Waits.look(call, run, step)\n",
        "  return Waits.look(call, run, step)\n",
        _waiting_for_another,
    ),
    Mutant(
        "nothing is kept for those who were bound",
        'redis.call("RENAME", d.key, late)',
        'redis.call("DEL", d.key)',
        _output_in_grace,
    ),
    Mutant(
        "the grace does not end",
        'redis.call("PEXPIREAT", late, Text.int(call:now() + GRACE))',
        "",
        deletion.test_a_bound_step_reads_it_for_a_day,
    ),
    Mutant(
        "a binding that is gone is handed out",
        "if found and found.gone then",
        "if false then",
        deletion.test_a_bound_step_reads_it_for_a_day,
    ),
    Mutant(
        "a run in run scope has no grace",
        "key = ref.key, held = true,",
        "key = ref.key,",
        _run_scope_in_grace,
    ),
    Mutant(
        "a run in run scope does not say that it was bound",
        'missed.ref, missed.code = ref, "binding-gone"',
        "missed.ref = ref",
        _run_scope_after_it,
    ),
    Mutant(
        "a run does not keep what started it",
        'one.held = ref.kind == "g"',
        "one.held = false",
        _trigger_in_grace,
    ),
    Mutant(
        "a match of a deleted version starts a run",
        "if not Deleted.find(call, match.a, match.v) then",
        "if true then",
        _room,
    ),
    Mutant(
        "what is dropped ends the lane",
        "  Subscriptions.poke(call, lane.id)\n  return nil\nend",
        "  return nil\nend",
        triggers.test_more_dropped_than_one_look_takes,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_tested(mutant: Mutant) -> None:
    """The test passes with the defence, and fails without it."""
    check_mutant(mutant)
