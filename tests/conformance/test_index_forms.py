"""What the records of versions have in common is kept once."""

from dataclasses import replace

import pytest

from raincheck.index.connection import text
from raincheck.index.version_records import version_hashes
from raincheck_contracts.artifacts import VersionRecord
from tests.support.builders import new_version, nonce, pipeline, record, step
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.mutants import Mutant, check_mutant


def _forms(driver: Driver) -> dict[str, int]:
    """Each form, with how many versions are of it."""
    forms = ask(driver.index, "HGETALL", key(driver.index, "forms"))
    users = ask(driver.index, "HGETALL", key(driver.index, "forms:users"))
    assert forms.keys() == users.keys()
    return {text(form): int(users[id_]) for id_, form in forms.items()}


def _record(driver: Driver, version: str = "1") -> VersionRecord:
    found = driver.index.records.version("model", version)
    assert found
    return found.record


def test_versions_that_differ_in_bytes_and_size_share_a_form(driver: Driver) -> None:
    """Also those of other artifacts."""
    values = ["1.5" + number * "0" for number in range(200, 205)]
    for name in ("model", "other"):
        for value in values:
            driver.index.versions.publish(nonce(), replace(new_version(name), record=record(value)))
    assert list(_forms(driver).values()) == [10]
    assert [_record(driver, str(number)) for number in range(1, 6)] == list(map(record, values))


def test_versions_of_one_step_share_a_form(driver: Driver) -> None:
    """Whatever run made them, and from whatever."""
    spec = pipeline(step("train", outputs=["model"]))
    made: list[VersionRecord] = []
    for inputs in (("data@1",), ("data@2", "other@3")):
        run = driver.submit(spec)
        changes = {"run": run, "step": "train", "output": "model", "inputs": inputs}
        made.append(record().model_copy(update=changes))
        driver.finish(run, "train", replace(new_version("model", output="model"), record=made[-1]))
    assert list(_forms(driver).values()) == [2]
    assert [_record(driver, "1"), _record(driver, "2")] == made


def a_form_that_is_taken_is_not_used(driver: Driver) -> None:
    """Two forms may have one id: of the second, the records are kept whole."""
    driver.publish("model")
    (form_id,) = ask(driver.index, "HKEYS", key(driver.index, "forms"))
    ask(driver.index, "HSET", key(driver.index, "forms"), text(form_id), "another form")
    driver.publish("model")
    (found,) = version_hashes(driver.index.connection, [("model", "2")])
    assert text(found["rec"]) == record().canonical_json()
    assert list(_forms(driver).values()) == [1]


def what_a_form_cannot_give_back_is_kept_whole(driver: Driver) -> None:
    """Other languages write records themselves, perhaps with a mark in it."""
    written = new_version("model").arguments()
    place = written.index(record().canonical_json())
    written[place] = record().canonical_json().replace("builtins", "\x01")
    driver.index.connection.call("publish", nonce(), *written)
    (found,) = version_hashes(driver.index.connection, [("model", "1")])
    assert text(found["rec"]) == written[place]


def test_a_form_that_is_taken_is_not_used(driver: Driver) -> None:
    """On both servers."""
    a_form_that_is_taken_is_not_used(driver)


def test_what_a_form_cannot_give_back_is_kept_whole(driver: Driver) -> None:
    """On both servers."""
    what_a_form_cannot_give_back_is_kept_whole(driver)


MUTANTS = [
    Mutant(
        "a form is used although another has its id",
        "if not form or there and there ~= form then",
        "if not form then",
        a_form_that_is_taken_is_not_used,
    ),
    Mutant(
        "a form is used that does not give the record back",
        'if fill(short, digest, run, made_from or "", numbers) ~= record then',
        "if false then",
        what_a_form_cannot_give_back_is_kept_whole,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_switched_off_defence_is_noticed(mutant: Mutant) -> None:
    """The scenario fails on the mutant."""
    check_mutant(mutant)
