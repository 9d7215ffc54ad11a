"""Each defence of namespaces switched off: a test of theirs notices."""

from collections.abc import Callable

import pytest

from raincheck.index import Index
from raincheck_contracts.errors import RaincheckError
from tests.conformance import test_index_namespaces as namespaces
from tests.conformance import test_namespace_isolation as isolation
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import dump
from tests.support.mutants import Mutant, check_mutant
from tests.support.overlaid import beside, fill, over


def _with_dev(scenario: Callable[[Driver, Driver], None]) -> Callable[[Driver], None]:
    return lambda driver: scenario(driver, over(driver.index))


def a_tag_stays_here(driver: Driver) -> None:
    """Whatever is answered, the fall-back has no new tag."""
    fill(driver)
    before = dump(driver.index)
    try:
        over(driver.index).index.versions.tag("m", "1", "u")
    except RaincheckError as refused:
        assert type(refused).__name__ == "ReadOnlyVersionError"  # noqa: PT017
    assert dump(driver.index) == before


def a_use_is_not_taken_for_that_of_an_own_version(driver: Driver) -> None:
    """Number 1 of the fall-back is not number 1 of this namespace."""
    driver.publish("m")
    dev = over(driver.index)
    dev.finish(dev.submit(pipeline(step("s", "m"))), "s")
    dev.publish("m")
    other = f"{driver.index.namespace}/m@1"
    users = dev.index.lineage.users(["m@1", other], 9)
    assert [len(users[name].keys) for name in ("m@1", other)] == [0, 1]


def a_namespace_in_use_gets_no_fallback(driver: Driver) -> None:
    """By the mere setting of one process."""
    driver.publish("m")
    before = dump(driver.index)
    other = Index(beside(driver.index, f"other-{nonce()}"))
    assert _refused(lambda: over(other, driver.index.namespace))
    assert dump(driver.index) == before


def a_chain_is_refused(driver: Driver) -> None:
    """Who would expect it to be followed is told."""
    assert _refused(lambda: over(over(driver.index).index))


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except RaincheckError:
        return True
    return False


MUTANTS = [
    Mutant(
        "the fall-back answers although there is an own version",
        "return (own or not other:owns(artifact)) and self or other",
        "return not other:owns(artifact) and self or other",
        _with_dev(namespaces.test_one_version_of_ones_own_hides_all_of_the_fallback),
    ),
    Mutant(
        "the own namespace answers alone",
        "return (own or not other:owns(artifact)) and self or other",
        "return self",
        _with_dev(namespaces.test_the_fallback_answers_where_nothing_is_of_ones_own),
    ),
    Mutant(
        "an own version hides what was there before it",
        "own = Moments.there(",
        "local _ = Moments.there(",
        _with_dev(namespaces.test_an_earlier_moment_is_answered_as_it_was_then),
    ),
    Mutant(
        "whoever has deleted all that was there then had nothing",
        'Moments.there(redis.call("HGET", self:key("art:", artifact), "since"), moment)',
        "Moments.count(self, artifact, moment) > 0",
        _with_dev(namespaces.test_what_is_deleted_since_had_hidden_the_fallback),
    ),
    Mutant(
        "a revision of the one is taken for the other's",
        'if call.of and ref.moment.of == "r" then',
        "if false then",
        _with_dev(namespaces.test_a_revision_is_none_of_the_fallbacks),
    ),
    Mutant(
        "a kept binding forgets its namespace",
        'add("b" .. i, table.concat({ b[1], b[2], b[3], b[7] }, FIELD))',
        'add("b" .. i, table.concat({ b[1], b[2], b[3] }, FIELD))',
        _with_dev(namespaces.test_a_binding_names_its_namespace_through_retries),
    ),
    Mutant(
        "a run's binding forgets its namespace",
        "table.concat({ b[1], b[2], b[7] }, FIELD)",
        "table.concat({ b[1], b[2] }, FIELD)",
        _with_dev(namespaces.test_a_run_is_bound_to_the_fallback_as_a_whole),
    ),
    Mutant(
        "nobody looks at what the fall-back publishes",
        "  Waits.watch_fallback(call)\n  out[1]",
        "  out[1]",
        _with_dev(namespaces.test_a_publication_in_the_fallback_wakes_who_waits),
    ),
    Mutant(
        "events that were forgotten are not missed",
        "return (forgotten and not Text.before(forgotten, place))",
        "return false",
        _with_dev(namespaces.test_events_that_are_forgotten_are_made_up_for),
    ),
    Mutant(
        "who waits already is not looked at for a new fall-back",
        '    redis.call("ZADD", call:key("dirty"), Text.int(call:current_revision()),\n'
        '      "o|" .. Text.int(call:now()))\n',
        "",
        namespaces.test_who_waits_already_sees_a_new_fallback,
    ),
    Mutant(
        "a tag is written where the version is",
        '  local key = call:key("ver:", artifact, ":", version)\n'
        '  local sequence = redis.call("HGET", key, "seq")\n',
        '  local key = call:answering(artifact):key("ver:", artifact, ":", version)\n'
        '  local sequence = redis.call("HGET", key, "seq")\n',
        a_tag_stays_here,
    ),
    Mutant(
        "a use is noted where the version is",
        'local users = call:key("used:", name)\n',
        'local users = (call:fallback() or call):key("used:", name)\n',
        isolation.a_session_of_development_changes_nothing,
    ),
    Mutant(
        "a use is noted under the name of an own version",
        '(parts[4] and parts[4] .. "/" or "") .. parts[1]',
        "parts[1]",
        a_use_is_not_taken_for_that_of_an_own_version,
    ),
    Mutant(
        "a namespace in use gets a fall-back by the way",
        'if args[2] == "first" and (recorded ~= "" or call:current_revision() > 0) then',
        "if false then",
        a_namespace_in_use_gets_no_fallback,
    ),
    Mutant(
        "a chain is recorded",
        '  if next_one then\n    return { "CHAIN", next_one }\n  end\n',
        "",
        a_chain_is_refused,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_defence_is_noticed(mutant: Mutant) -> None:
    """The true library passes, the mutant fails."""
    check_mutant(mutant)
