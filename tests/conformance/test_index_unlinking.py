"""Taking a version of an artifact out of a version of a model."""

import pytest

from raincheck_contracts.errors import ReferenceNotFoundError
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.dumps import dump
from tests.support.modelling import members, train
from tests.support.mutants import Mutant, check_mutant


def test_what_is_linked_and_unlinked_leaves_no_trace(driver: Driver) -> None:
    """But for the revisions: what references find was another in between."""
    train(driver)
    driver.publish("m")
    before = dump(driver.index)
    driver.index.models.link("churn", "1", "m", "1")
    linked = driver.index.records.revision()
    driver.index.models.unlink("churn", "1", "m", "1")
    assert driver.index.records.revision() == linked + 1
    after = dump(driver.index)
    del before["index"], after["index"]
    assert after == before


def test_the_next_takes_the_place_of_what_is_unlinked(driver: Driver) -> None:
    """Of this version of the model alone; taking out what is not linked has no effect."""
    train(driver)
    driver.index.versions.publish(nonce(), new_version("model/iris"))
    for version in ("1", "2", "3"):
        driver.publish("m")
        driver.index.models.link("churn", "1", "m", version)
    driver.index.models.link("iris", "1", "m", "3")
    driver.index.models.unlink("churn", "1", "m", "3")
    before = dump(driver.index)
    driver.index.models.unlink("churn", "1", "m", "3")
    assert dump(driver.index) == before
    assert members(driver, "1").get("m") == "2"
    assert driver.index.models.newest_members("iris", "1") == {"m": "3"}
    linked = driver.index.deletions.linked(["m@1", "m@2", "m@3"])
    assert linked == {"m@1": "churn@1", "m@2": "churn@1", "m@3": "iris@1"}


def test_unlinking_wakes_who_waits_for_metadata(driver: Driver) -> None:
    """The one that takes the place may have it."""
    train(driver)
    driver.publish("m", MSE=1)
    driver.publish("m")
    for version in ("1", "2"):
        driver.index.models.link("churn", "1", "m", version)
    run = driver.submit(pipeline(step("a", "m?model=churn#/MSE")))
    driver.parked(run, "a")
    driver.index.models.unlink("churn", "1", "m", "2")
    assert driver.wake() == ["a"]


def test_what_is_not_there_is_not_unlinked(driver: Driver) -> None:
    """The error names it."""
    train(driver)
    driver.publish("m")
    with pytest.raises(ReferenceNotFoundError, match="m@9"):
        driver.index.models.unlink("churn", "1", "m", "9")
    with pytest.raises(ReferenceNotFoundError, match="model/churn@9"):
        driver.index.models.unlink("churn", "9", "m", "1")


MUTANTS = [
    Mutant(
        "it is still said to be linked",
        'if place ~= model .. "@" .. model_version then',
        "if true then",
        test_the_next_takes_the_place_of_what_is_unlinked,
    ),
    Mutant(
        "its place stays empty",
        "    local heir = newest_linked(call, linked, artifact)\n",
        "    local heir = nil\n",
        test_the_next_takes_the_place_of_what_is_unlinked,
    ),
    Mutant(
        "nobody looks again",
        '  Waits.fire(call, "q:" .. Models.PREFIX .. model)\nend\n\n-- Takes a version that',
        "end\n\n-- Takes a version that",
        test_unlinking_wakes_who_waits_for_metadata,
    ),
    Mutant(
        "two states have one revision",
        "  call:revision() -- what is linked is another from here on\n",
        "",
        test_what_is_linked_and_unlinked_leaves_no_trace,
    ),
    Mutant(
        "what was taken out is taken out again",
        'artifact .. "@" .. version) then\n    return\n  end\n  call:revision()',
        'artifact .. "@" .. version) then\n    call.at = 0\n  end\n  call:revision()',
        test_the_next_takes_the_place_of_what_is_unlinked,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_defence_is_needed(mutant: Mutant) -> None:
    """Its test passes on the library and fails without it."""
    check_mutant(mutant)
