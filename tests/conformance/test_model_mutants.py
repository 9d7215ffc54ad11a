"""Each defence of models and of removal switched off: a test of theirs notices."""

import pytest

from raincheck_contracts.errors import VersionExistsError
from raincheck_contracts.runs import MissingReason
from tests.conformance import test_index_models as models
from tests.conformance import test_index_removal as removal
from tests.support.driver import Driver
from tests.support.modelling import PRODUCTION
from tests.support.mutants import Mutant, check_mutant


def _waits(driver: Driver) -> None:
    models.test_a_run_waits_for_the_model_that_it_works_on(
        driver, PRODUCTION, MissingReason.MODEL_UNKNOWN
    )


def _woken_by_link(driver: Driver) -> None:
    models.test_who_waits_for_a_member_is_woken(driver, "m?model=churn@1", models.by_hand)


def _joined(driver: Driver) -> None:
    try:
        models.test_a_name_that_another_makes_meanwhile_is_joined(driver)
    except VersionExistsError as error:
        pytest.fail(str(error))


MUTANTS = [
    Mutant(
        "each claim of a run looks at the stage anew",
        'if not model or model.version ~= "" then\n    return nil',
        "if not model then\n    return nil",
        models.test_a_run_stays_with_its_version_when_the_stage_moves,
    ),
    Mutant(
        "a reference of the run follows the stage",
        "  if own then\n    return own\n  end\n",
        "",
        models.test_a_run_stays_with_its_version_when_the_stage_moves,
    ),
    Mutant(
        "the version is not written down",
        '  redis.call("HSET", Runs.key(call, run), "model", Models.pack(model))\n',
        "",
        models.test_a_run_makes_a_version_and_links_what_it_publishes,
    ),
    Mutant(
        "a step without references does not wait for the model",
        "  if missed then\n    return nil, { missed }\n  end\n  local scope",
        "  local scope",
        _waits,
    ),
    Mutant(
        "a run that publishes nothing makes a version",
        "if not sent or count == 0 and #sent.entries == 0 then",
        "if not sent then",
        models.test_a_run_that_publishes_nothing_leaves_no_version,
    ),
    Mutant(
        "a conflict with the model's metadata is found too late",
        "return Versions.check_metadata(call, model.artifact, sent.version, sent.entries, {})",
        "return nil",
        models.test_metadata_of_the_model_is_written_with_the_outputs,
    ),
    Mutant(
        "a link that is there is made again",
        '  if redis.call("ZSCORE", linked, name) then\n    return\n  end\n',
        "",
        models.test_linking_an_older_version_later_does_not_make_it_the_newest,
    ),
    Mutant(
        "what is linked last is the newest",
        "sequence(call, artifact, newest) < sequence(call, artifact, version)",
        "true",
        models.test_linking_an_older_version_later_does_not_make_it_the_newest,
    ),
    Mutant(
        "a link wakes nobody",
        '  Waits.fire(call, "q:" .. Models.PREFIX .. model)\n',
        "",
        _woken_by_link,
    ),
    Mutant(
        "metadata of a member wakes nobody who asked by the model",
        "      Models.changed_member(call, known[2])\n",
        "",
        models.test_who_waits_for_metadata_of_a_member_is_woken,
    ),
    Mutant(
        "who waits for metadata of a member watches the artifact alone",
        'ref.kind == "m" and "q:model/" .. ref.argument or "q:" .. ref.artifact',
        '"q:" .. ref.artifact',
        models.test_who_waits_for_metadata_of_a_member_is_woken,
    ),
    Mutant(
        "models are listed among the artifacts",
        'local names = model and call:key("models") or call:key("arts")',
        'local names = call:key("arts")',
        models.test_a_run_makes_a_version_and_links_what_it_publishes,
    ),
    Mutant(
        "a name that another run has made is a conflict",
        "sent.version = model.argument -- another run has made it since",
        "sent.version = sent.version",
        _joined,
    ),
    Mutant(
        "a run started by events has no model",
        "  sub.model = v[3] or nil\n",
        "",
        models.test_events_start_runs_with_a_model,
    ),
    Mutant(
        "the end of an alias is taken for a move",
        'event.k == "unalias" or ',
        "",
        removal.test_a_removal_starts_nothing,
    ),
    Mutant(
        "whatever is expected, it is removed",
        'if expected ~= "" and now ~= expected then\n    return { "MOVED", now }',
        'if false then\n    return { "MOVED", now }',
        removal.test_only_what_is_expected_is_removed,
    ),
    Mutant(
        "removing what names nothing is a move",
        "  if now ~= move.to then\n    Versions.move_alias(call, move)",
        "  if true then\n    move.from = now\n    Versions.move_alias(call, move)",
        removal.test_removing_what_names_nothing_is_no_move,
    ),
    Mutant(
        "a removed alias named a version afterwards",
        'return move.to ~= "" and move.to -- else it was removed',
        'return move.to ~= "" and move.to or "1"',
        removal.test_an_alias_that_is_removed_names_nothing,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_needed(mutant: Mutant) -> None:
    """With it the promise holds, without it the promise breaks."""
    check_mutant(mutant)
